import type { SqlRunner } from '@slipway/persistence';
import type { DatasetInput } from '../domain/dataset.ts';
import type { Tags } from '../domain/experiment.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { RunStatus } from '../domain/run-status.ts';
import { EVERYTHING, type KeyChoice, type RunProjection } from '../domain/run-projection.ts';
import type { Run, RunView } from '../domain/run.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { selectIn } from './bulk.ts';
import { POINT_COLUMNS } from './history-rows.ts';
import { readRunModels } from './input-rows.ts';

/** Of `tracking_run r`; where nothing is stored, what `artifactUriOf` makes of the place of ours. */
export const ARTIFACT_URI = `coalesce(r.artifact_uri, 'mlflow-artifacts:/' || cast(r.experiment as text) || '/' || r.run_id || '/artifacts')`;

/** Of `tracking_run r`; 64-bit integers as text. */
export const RUN_COLUMNS = `r.run_id, cast(r.experiment as text) as experiment, r.name, r.status, cast(r.start_time as text) as start_time,
  cast(r.end_time as text) as end_time, r.deleted, r.principal, r.user_id, ${ARTIFACT_URI} as artifact_uri, cast(r.deleted_time as text) as deleted_time`;

export interface RunRow {
  readonly run_id: string;
  readonly experiment: string;
  readonly name: string;
  readonly status: string;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly deleted: boolean | number;
  readonly principal: string;
  readonly user_id: string;
  readonly artifact_uri: string;
  readonly deleted_time: string | null;
}

export const runOf = (row: RunRow): Run => ({
  runId: row.run_id,
  name: row.name,
  experimentId: BigInt(row.experiment),
  status: row.status as RunStatus, // only ours are stored
  startTime: BigInt(row.start_time),
  endTime: row.end_time === null ? undefined : BigInt(row.end_time),
  deleted: Boolean(row.deleted),
  principal: row.principal,
  userId: row.user_id,
  artifactUri: row.artifact_uri,
  deletedTime: row.deleted_time === null ? undefined : BigInt(row.deleted_time),
});

interface EntryRow {
  readonly run_id: string;
  readonly key: string;
  readonly value: string;
}

interface InputRow {
  readonly run_id: string;
  readonly name: string;
  readonly digest: string;
  readonly tags: string;
  readonly source_type: string;
  readonly source: string;
  readonly schema: string;
  readonly profile: string;
}

const SELECT_INPUTS = `select i.run_id, i.name, i.digest, i.tags, d.source_type, d.source, d.schema, d.profile from tracking_input i
  join tracking_run r on r.workspace = i.workspace and r.run_id = i.run_id
  join tracking_dataset d on d.workspace = i.workspace and d.experiment = r.experiment and d.name = i.name and d.digest = i.digest
  where i.workspace = ? and i.run_id`;

/** Datasets of these runs by run, each by name and digest. */
export async function readInputs(
  sql: SqlRunner,
  workspace: string,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, readonly DatasetInput[]>> {
  const statement = { head: SELECT_INPUTS, tail: 'order by i.name, i.digest' };
  const rows = await selectIn<InputRow>(sql, statement, [workspace], runIds);
  return groupByRun(rows, ({ tags, ...row }) => ({
    dataset: {
      name: row.name,
      digest: row.digest,
      sourceType: row.source_type,
      source: row.source,
      schema: row.schema,
      profile: row.profile,
    },
    tags: JSON.parse(tags) as Tags, // written by this store
  }));
}

function groupByRun<Row extends { readonly run_id: string }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const group = groups.get(row.run_id);
    if (group) group.push(toItem(row));
    else groups.set(row.run_id, [toItem(row)]);
  }
  return groups;
}

/** Everything that was logged to these runs, in their order, with one question per kind and not per run. */
export async function readViews(
  sql: SqlRunner,
  workspace: string,
  runs: readonly Run[],
  projection: RunProjection = EVERYTHING,
): Promise<readonly RunView[]> {
  const ids = runs.map(({ runId }) => runId);
  const entries = async (table: string, choice: KeyChoice) => {
    const rows = await selectKeyed<EntryRow>(sql, { columns: 'value', table, choice }, workspace, ids);
    return groupByRun(rows, ({ key, value }) => [key, value] as const);
  };
  const params = await entries('tracking_param', projection.params);
  const tags = await entries('tracking_tag', projection.tags);
  const metrics = await readLatest(sql, workspace, ids, projection.metrics);
  const inputs = await readInputs(sql, workspace, projection.inputs ? ids : []);
  const models = await readRunModels(sql, workspace, projection.inputs ? ids : []);
  return runs.map((run) => ({
    run,
    params: Object.fromEntries(params.get(run.runId) ?? []),
    tags: Object.fromEntries(tags.get(run.runId) ?? []),
    metrics: metrics.get(run.runId) ?? [],
    datasets: inputs.get(run.runId) ?? [],
    modelInputs: models.get(run.runId)?.inputs ?? [],
    modelOutputs: models.get(run.runId)?.outputs ?? [],
  }));
}

/** Rows of a table of keys, each run's by key: no other keys are read than those that are asked for. */
async function selectKeyed<Row extends object>(
  sql: SqlRunner,
  { columns, table, choice }: { readonly columns: string; readonly table: string; readonly choice: KeyChoice },
  workspace: string,
  ids: readonly string[],
): Promise<readonly Row[]> {
  if (choice.length === 0) return [];
  const keys = choice === 'all' ? [] : choice;
  const only = keys.length === 0 ? '' : `and key in (${keys.map(() => '?').join(', ')})`;
  const head = `select run_id, key, ${columns} from ${table} where workspace = ? ${only} and run_id`;
  return selectIn<Row>(sql, { head, tail: 'order by run_id, key' }, [workspace, ...keys], ids);
}

async function readLatest(
  sql: SqlRunner,
  workspace: string,
  ids: readonly string[],
  choice: KeyChoice,
): Promise<ReadonlyMap<string, readonly MetricPoint[]>> {
  const source = { columns: POINT_COLUMNS, table: 'tracking_metric_series', choice };
  const rows = await selectKeyed<PointRecord & { run_id: string; key: string }>(sql, source, workspace, ids);
  return groupByRun(rows, (row) => pointOf(row.key, row));
}
