import { pageOf, pageQuery, type Keyset, type Snapshot } from '@slipway/persistence';
import type { Exposure } from '../domain/assignment.ts';
import type { RoutingReads } from '../domain/unit-of-work.ts';
import {
  AnalysisRow,
  DayRow,
  ExperimentRow,
  ExposureCountRow,
  ExposureRow,
  ObjectiveRow,
  type ExperimentRecord,
  type ObjectiveRecord,
} from './entities.ts';
import { analysisOf, daysOf, experimentOf, objectiveOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
export const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

/** The reads of one workspace in one snapshot or transaction. */
export const routingReads = ({ em }: Reader, workspace: string): RoutingReads => ({
  objectives: {
    get: async (name) => {
      const row = await em.findOne(ObjectiveRow, { workspace, name }, UNTRACKED);
      return row ? objectiveOf(row) : undefined;
    },
    list: async (page) => {
      const keyset: Keyset<ObjectiveRecord> = {
        workspace,
        list: 'objectives',
        filter: [],
        fields: { name: 'string' },
        descending: false,
        keyOf: ({ name }) => [name],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await em.find(ObjectiveRow, { workspace, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, objectiveOf);
    },
  },
  experiments: {
    get: async (id) => {
      const row = await em.findOne(ExperimentRow, { workspace, id }, UNTRACKED);
      return row ? experimentOf(row) : undefined;
    },
    list: async (objective, page) => {
      const keyset: Keyset<ExperimentRecord> = {
        workspace,
        list: 'routing experiments',
        filter: [objective ?? ''],
        fields: { id: 'string' },
        descending: true,
        keyOf: ({ id }) => [id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const filter = objective === undefined ? { workspace } : { workspace, objective };
      const rows = await em.find(ExperimentRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, experimentOf);
    },
  },
  exposures: exposureReads({ em }, workspace),
  days: {
    list: async (experiment) => {
      const orderBy = { day: 'asc', arm: 'asc' } as const;
      return daysOf(await em.find(DayRow, { workspace, experiment }, { orderBy, ...UNTRACKED }));
    },
  },
  analyses: analysisReads({ em }, workspace),
});

const exposureReads = ({ em }: Reader, workspace: string): RoutingReads['exposures'] => ({
  find: async (experiment, unitHashes) => {
    if (unitHashes.length === 0) return new Map<string, Exposure>();
    const where = { workspace, experiment, unitHash: { $in: [...unitHashes] } };
    const rows = await em.find(ExposureRow, where, UNTRACKED);
    return new Map(
      rows.map(({ unitHash, arm, share }) => [unitHash, { unitHash, arm: arm === 1 ? 1 : 0, share }] as const),
    );
  },
  counts: async (experiment) => {
    const orderBy = { revision: 'asc' } as const;
    const rows = await em.find(ExposureCountRow, { workspace, experiment }, { orderBy, ...UNTRACKED });
    return rows.map(({ revision, share, control, treatment }) => ({
      revision,
      share,
      control: Number(control),
      treatment: Number(treatment),
    }));
  },
});

const SUMMARY_FIELDS = [
  'workspace',
  'experiment',
  'asOf',
  'completeDays',
  'difference',
  'lower',
  'upper',
  'eValue',
  'pValue',
  'guardrail',
  'guardrailThreshold',
  'sampleRatioP',
  'verdict',
  'winner',
  'explanation',
] as const;

const analysisReads = ({ em }: Reader, workspace: string): RoutingReads['analyses'] => ({
  newest: async (experiment) => {
    const options = { orderBy: { asOf: 'desc' }, limit: 1, ...UNTRACKED } as const;
    const [row] = await em.find(AnalysisRow, { workspace, experiment }, options);
    return row ? analysisOf(row) : undefined;
  },
  list: async (experiment, page) => {
    const keyset: Keyset<{ readonly asOf: bigint }> = {
      workspace,
      list: 'analyses',
      filter: [experiment],
      fields: { asOf: 'bigint' },
      descending: true,
      keyOf: ({ asOf }) => [asOf],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const options = { ...query, ...UNTRACKED, fields: SUMMARY_FIELDS };
    const rows = await em.find(AnalysisRow, { workspace, experiment, ...where }, options);
    return pageOf(rows, keyset, page, analysisOf);
  },
});
