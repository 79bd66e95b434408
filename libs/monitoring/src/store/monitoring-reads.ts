import { pageOf, pageQuery, type Keyset, type Snapshot } from '@slipway/persistence';
import type { MainVersion, MonitoringReads } from '../domain/unit-of-work.ts';
import { blockReads } from './block-rows.ts';
import { AlertRow, DayRow, ExperimentDayRow, ExperimentSumsRow, MonitorRow, ProfileRow } from './entities.ts';
import { alertOf, dayOfRow, monitorOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
export const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em' | 'sql'>;

/** More open alerts of an objective than versions can be alerted on at once. */
const OPEN_ALERTS_MAX = 1_000;

/** The reads of one workspace in one snapshot or transaction. */
export const monitoringReads = (reader: Reader, workspace: string): MonitoringReads => ({
  monitors: monitorReads(reader, workspace),
  blocks: blockReads(reader.sql, workspace),
  days: dayReads(reader, workspace),
  experiments: experimentReads(reader, workspace),
  alerts: alertReads(reader, workspace),
  profiles: {
    get: async ({ model, version, digest }) => {
      const where = { workspace, model, version: BigInt(version), ...(digest === '' ? {} : { digest }) };
      const row = await reader.em.findOne(ProfileRow, where, UNTRACKED);
      return row ? { json: row.json, why: row.why } : undefined;
    },
  },
});

const monitorReads = ({ em }: Reader, workspace: string): MonitoringReads['monitors'] => ({
  get: async (objective) => {
    const row = await em.findOne(MonitorRow, { workspace, objective }, UNTRACKED);
    return row ? monitorOf(row) : undefined;
  },
  list: async (page) => {
    const keyset: Keyset<{ readonly objective: string }> = {
      workspace,
      list: 'monitors',
      filter: [],
      fields: { objective: 'string' },
      descending: false,
      keyOf: ({ objective }) => [objective],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(MonitorRow, { workspace, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, monitorOf);
  },
});

const dayReads = ({ em, sql }: Reader, workspace: string): MonitoringReads['days'] => ({
  get: async (objective, day) => {
    const row = await em.findOne(DayRow, { workspace, objective, day }, UNTRACKED);
    return row ? dayOfRow(row) : undefined;
  },
  range: async (objective, { from, until }, limit) => {
    const where = { workspace, objective, day: { $gte: from, $lt: until } };
    const rows = await em.find(DayRow, where, { orderBy: { day: 'asc' }, limit, ...UNTRACKED });
    return rows.map(dayOfRow);
  },
  mains: async (objective, before, limit) => {
    const rows = await sql.all<MainRow>(
      `select main_model as model, main_version as version, max(main_digest) as digest, min(day) as first_day,
         max(day) as last_day, count(*) as days
       from monitoring_day where workspace = ? and objective = ? and day < ? and main_model is not null
       group by main_model, main_version order by max(day) desc limit ?`,
      [workspace, objective, before, limit],
    );
    return rows.map(({ model, version, digest, first_day, last_day, days }): MainVersion => ({
      version: { model, version: Number(version), digest },
      firstDay: first_day,
      lastDay: last_day,
      days: Number(days),
    }));
  },
});

interface MainRow {
  readonly model: string;
  readonly version: number | string;
  readonly digest: string;
  readonly first_day: number;
  readonly last_day: number;
  readonly days: number | string;
}

const experimentReads = ({ em }: Reader, workspace: string): MonitoringReads['experiments'] => ({
  days: async (objective, experiment) => {
    const where = { workspace, objective, experiment };
    const rows = await em.find(ExperimentDayRow, where, { orderBy: { day: 'asc' }, ...UNTRACKED });
    return rows.map(({ day }) => day);
  },
  sums: async (key) => {
    const row = await em.findOne(ExperimentSumsRow, { workspace, ...key }, UNTRACKED);
    return row ? { fingerprint: row.fingerprint, completeFrom: row.completeFrom, sums: row.sums } : undefined;
  },
});

const alertReads = ({ em }: Reader, workspace: string): MonitoringReads['alerts'] => ({
  open: async (objective) => {
    const options = { orderBy: { id: 'asc' }, limit: OPEN_ALERTS_MAX, ...UNTRACKED } as const;
    return (await em.find(AlertRow, { workspace, objective, open: true }, options)).map(alertOf);
  },
  list: async (objective, page) => {
    const keyset: Keyset<{ readonly id: string }> = {
      workspace,
      list: 'alerts',
      filter: [objective ?? ''],
      fields: { id: 'string' },
      descending: true,
      keyOf: ({ id }) => [id],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const filter = objective === undefined ? { workspace } : { workspace, objective };
    const rows = await em.find(AlertRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, alertOf);
  },
});
