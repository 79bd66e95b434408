import {
  translateDatabaseError,
  UniqueViolationError,
  type SqlRunner,
  type SqlValue,
  type Transaction,
} from '@slipway/persistence';
import { experimentAlreadyExists } from '../domain/errors.ts';
import { defaultArtifactLocation } from '../domain/experiment-location.ts';
import type { Experiment, Tags } from '../domain/experiment.ts';
import { artifactUriOf } from '../domain/run.ts';
import type { TrackingReads, TrackingTransaction } from '../domain/unit-of-work.ts';
import { appendPoints, appendToActive } from './append-points.ts';
import { insertRows, lockClause, selectIn } from './bulk.ts';
import { ExperimentRow, RunRow } from './entities.ts';
import { readExperiment } from './experiment-rows.ts';
import { inputWrites } from './input-rows.ts';
import { loggedModelWrites } from './logged-model-writes.ts';
import { purgeWrites } from './purge-rows.ts';
import { sqlPart } from './keyset-sql.ts';
import type { SeriesNumbers } from './series-numbers.ts';
import { readRun } from './tracking-reads.ts';

type Writes = Pick<
  TrackingTransaction,
  'experiments' | 'runs' | 'params' | 'tags' | 'metrics' | 'inputs' | 'models' | 'purge'
>;

/** The changes of one workspace; each one is a statement of its own, sent when it is made. */
export function trackingWrites(
  tx: Transaction,
  reads: TrackingReads,
  workspace: string,
  numbers: SeriesNumbers,
): Writes {
  const { sql, now } = tx;
  const append = { sql, workspace, now, numbers };
  return {
    experiments: { ...reads.experiments, ...experimentWrites(tx, workspace) },
    runs: { ...reads.runs, ...runWrites(tx, workspace) },
    params: { add: (runId, params) => addParams(sql, workspace, runId, params) },
    tags: {
      put: (runId, tags) => putEntries(sql, 'tracking_tag', [workspace, runId], tags),
      delete: async (runId, key) => {
        const statement = 'delete from tracking_tag where workspace = ? and run_id = ? and key = ?';
        return (await sql.run(statement, [workspace, runId, key])) > 0;
      },
    },
    metrics: {
      ...reads.metrics,
      append: (appends) => appendPoints(append, appends),
      appendToActive: (appends) => appendToActive(append, appends),
    },
    inputs: { ...reads.inputs, ...inputWrites(sql, workspace) },
    models: { ...reads.models, ...loggedModelWrites(tx, workspace) },
    purge: purgeWrites(tx, workspace),
  };
}

const ENTRY_KEYS = { tracking_tag: 'run_id', tracking_experiment_tag: 'experiment' } as const;

/** Sorted by key, so that two transactions never wait for each other in a circle. */
const sortedEntries = (entries: Tags): [string, string][] =>
  Object.entries(entries).sort(([left], [right]) => (left < right ? -1 : 1));

async function putEntries(
  sql: SqlRunner,
  table: keyof typeof ENTRY_KEYS,
  owner: readonly [string, SqlValue],
  entries: Tags,
): Promise<void> {
  const column = ENTRY_KEYS[table];
  const statement = {
    head: `insert into ${table} (workspace, ${column}, key, value) values`,
    tail: `on conflict (workspace, ${column}, key) do update set value = excluded.value returning key`,
    width: 4,
  };
  const parameters = sortedEntries(entries).flatMap(([key, value]): SqlValue[] => [...owner, key, value]);
  await insertRows(sql, statement, parameters);
}

async function addParams(sql: SqlRunner, workspace: string, runId: string, params: Tags): Promise<Tags> {
  const entries = sortedEntries(params);
  const statement = {
    head: 'insert into tracking_param (workspace, run_id, key, value) values',
    tail: 'on conflict do nothing',
    width: 4,
  };
  await insertRows(
    sql,
    statement,
    entries.flatMap(([key, value]) => [workspace, runId, key, value]),
  );
  const head = 'select key, value from tracking_param where workspace = ? and run_id = ? and key';
  const keys = entries.map(([key]) => key);
  const stored = await selectIn<{ key: string; value: string }>(sql, { head }, [workspace, runId], keys);
  return Object.fromEntries(stored.map(({ key, value }) => [key, value]));
}

const experimentWrites = (
  { em, sql }: Transaction,
  workspace: string,
): Omit<Writes['experiments'], keyof TrackingReads['experiments']> => {
  const rename = async (name: string, change: () => Promise<unknown>): Promise<void> => {
    try {
      await change();
    } catch (error) {
      const translated = translateDatabaseError(error);
      throw translated instanceof UniqueViolationError ? experimentAlreadyExists(name) : translated;
    }
  };
  const insert = (experiment: Experiment): Promise<unknown> => {
    const { id, name, deleted, creationTime, lastUpdateTime, principal } = experiment;
    const isOwn = experiment.artifactLocation === defaultArtifactLocation(id);
    const artifactLocation = isOwn ? null : experiment.artifactLocation;
    const row = { workspace, id, name, deleted, creationTime, lastUpdateTime, principal, artifactLocation };
    return em.insert(ExperimentRow, row);
  };
  return {
    ensureDefault: async (experiment) => {
      const counted = 'insert into tracking_counter (workspace, last_experiment) values (?, 0) on conflict do nothing';
      // whoever comes second waits here for the first one and then finds it done
      if ((await sql.run(counted, [workspace])) > 0) await insert(experiment);
    },
    nextId: async () => {
      const [row] = await sql.all<{ id: string }>(
        `update tracking_counter set last_experiment = last_experiment + 1 where workspace = ?
         returning cast(last_experiment as text) as id`,
        [workspace],
      );
      if (!row) throw new Error('the workspace has no counter of experiments');
      return BigInt(row.id);
    },
    lock: (id) => readExperiment(sql, workspace, sqlPart('e.id = ?', id), lockClause(sql, 'update')),
    hold: (id) => readExperiment(sql, workspace, sqlPart('e.id = ?', id), lockClause(sql, 'share')),
    insert: async (experiment) => {
      await rename(experiment.name, () => insert(experiment));
      await putEntries(sql, 'tracking_experiment_tag', [workspace, experiment.id], experiment.tags);
    },
    update: async ({ id, name, deleted, lastUpdateTime, tags }) => {
      const change = { name, deleted, lastUpdateTime };
      await rename(name, () => em.nativeUpdate(ExperimentRow, { workspace, id }, change));
      await sql.run('delete from tracking_experiment_tag where workspace = ? and experiment = ?', [workspace, id]);
      await putEntries(sql, 'tracking_experiment_tag', [workspace, id], tags);
    },
  };
};

const runWrites = ({ em, sql }: Transaction, workspace: string): Omit<Writes['runs'], keyof TrackingReads['runs']> => ({
  lock: (runId) => readRun(sql, workspace, runId, lockClause(sql, 'update')),
  hold: (runId) => readRun(sql, workspace, runId, lockClause(sql, 'share')),
  insert: async ({ experimentId, endTime = null, deletedTime = null, ...run }) => {
    const isOwn = run.artifactUri === artifactUriOf(defaultArtifactLocation(experimentId), run.runId);
    const artifactUri = isOwn ? null : run.artifactUri;
    await em.insert(RunRow, { workspace, ...run, experiment: experimentId, endTime, artifactUri, deletedTime });
  },
  update: async ({ runId, name, status, endTime = null, deleted, deletedTime = null }) => {
    await em.nativeUpdate(RunRow, { workspace, runId }, { name, status, endTime, deleted, deletedTime });
  },
  markAll: async (experimentId, deletedTime) => {
    const change = { deleted: deletedTime !== undefined, deletedTime: deletedTime ?? null };
    await em.nativeUpdate(RunRow, { workspace, experiment: experimentId }, change);
  },
});
