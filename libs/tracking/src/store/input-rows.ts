import { canonicalJson } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '@slipway/persistence';
import { CONTEXT_TAG, type DatasetInput } from '../domain/dataset.ts';
import type { ModelInput, ModelOutput } from '../domain/logged-model.ts';
import type { DatasetSummary, TrackingTransaction } from '../domain/unit-of-work.ts';
import { insertRows, selectIn } from './bulk.ts';

const DATASETS = {
  head: 'insert into tracking_dataset (workspace, experiment, name, digest, source_type, source, schema, profile) values',
  tail: 'on conflict do nothing',
  width: 8,
};
const INPUTS = {
  head: 'insert into tracking_input (workspace, run_id, name, digest, context, tags) values',
  tail: 'on conflict do nothing',
  width: 6,
};

/** The first of each identity, in the order of identities: two transactions never wait for each other in a circle. */
function distinctInputs(inputs: readonly DatasetInput[]): readonly DatasetInput[] {
  const byIdentity = new Map<string, DatasetInput>();
  for (const input of inputs) {
    const identity = JSON.stringify([input.dataset.name, input.dataset.digest]);
    if (!byIdentity.has(identity)) byIdentity.set(identity, input);
  }
  return [...byIdentity].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, input]) => input);
}

export const inputWrites = (
  sql: SqlRunner,
  workspace: string,
): Pick<TrackingTransaction['inputs'], 'add' | 'addModels'> => ({
  add: async ({ runId, experimentId }, inputs) => {
    const distinct = distinctInputs(inputs);
    const datasets = distinct.flatMap(
      ({ dataset: { name, digest, sourceType, source, schema, profile } }): SqlValue[] => {
        return [workspace, experimentId, name, digest, sourceType, source, schema, profile];
      },
    );
    await insertRows(sql, DATASETS, datasets);
    const rows = distinct.flatMap(({ dataset: { name, digest }, tags }): SqlValue[] => {
      return [workspace, runId, name, digest, tags[CONTEXT_TAG] ?? null, canonicalJson(tags)];
    });
    await insertRows(sql, INPUTS, rows);
  },
  addModels: async ({ runId }, { inputs, outputs }) => {
    const rowOf = (kind: string, modelId: string, step: bigint): SqlValue[] => [workspace, runId, kind, modelId, step];
    const rows = [
      ...byId(inputs).map(({ modelId }) => rowOf('input', modelId, 0n)),
      ...byId(outputs).map(({ modelId, step }) => rowOf('output', modelId, step)),
    ];
    await insertRows(sql, MODELS, rows.flat());
  },
});

const MODELS = {
  head: 'insert into tracking_run_model (workspace, run_id, kind, model_id, step) values',
  tail: 'on conflict do nothing',
  width: 5,
};

const byId = <Model extends ModelInput>(models: readonly Model[]): readonly Model[] =>
  models.toSorted((left, right) => (left.modelId < right.modelId ? -1 : 1));

/** What runs have read and made. */
export interface RunModels {
  readonly inputs: ModelInput[];
  readonly outputs: ModelOutput[];
}

/** Logged models of these runs by run, each by id. */
export async function readRunModels(
  sql: SqlRunner,
  workspace: string,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, RunModels>> {
  const head = `select run_id, kind, model_id, cast(step as text) as step from tracking_run_model where workspace = ? and run_id`;
  const rows = await selectIn<{ run_id: string; kind: string; model_id: string; step: string }>(
    sql,
    { head, tail: 'order by run_id, kind, model_id' },
    [workspace],
    runIds,
  );
  const byRun = new Map<string, RunModels>();
  for (const { run_id, kind, model_id: modelId, step } of rows) {
    const models = byRun.get(run_id) ?? { inputs: [], outputs: [] };
    byRun.set(run_id, models);
    if (kind === 'input') models.inputs.push({ modelId });
    else models.outputs.push({ modelId, step: BigInt(step) });
  }
  return byRun;
}

/** The first `bound` by experiment, name, digest and context. */
export async function readDatasetSummaries(
  sql: SqlRunner,
  workspace: string,
  experiments: readonly bigint[],
  bound: number,
): Promise<readonly DatasetSummary[]> {
  if (experiments.length === 0) return [];
  const rows = await sql.all<{ experiment: string; name: string; digest: string; context: string }>(
    `select cast(q.experiment as text) as experiment, q.name, q.digest, q.context from (
       select distinct r.experiment, i.name, i.digest, coalesce(i.context, '') as context from tracking_run r
       join tracking_input i on i.workspace = r.workspace and i.run_id = r.run_id
       where r.workspace = ? and r.experiment in (${experiments.map(() => '?').join(', ')})
     ) q order by q.experiment, q.name, q.digest, q.context limit ${bound}`,
    [workspace, ...experiments],
  );
  return rows.map(({ experiment, ...summary }) => ({ experimentId: BigInt(experiment), ...summary }));
}
