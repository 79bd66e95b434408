import { ConflictError, type FieldViolation } from '@slipway/kernel';
import type { ColumnBatch, OnlineRow } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import { invalid } from '../errors.ts';
import { RowCodec } from '../online/row-codec.ts';
import type { KeyColumn } from '../online/online-request.ts';
import type { Call } from '../unit-of-work.ts';
import { writeAll } from './online-writes.ts';
import { ORIGIN, toPredictionRows } from './prediction-rows.ts';
import { assertColumns, assertKeys, assertOutputs, assertValues, type Columns } from './prediction-request.ts';
import {
  isSameSchema,
  onlineSchemaOf,
  outputColumns,
  predictionRows,
  type PredictionSchema,
  type PredictionTable,
} from './prediction-table.ts';

export interface WriteRequest {
  readonly table: string;
  readonly keys: Columns;
  readonly outputs: Columns;
  /** Microseconds, one per row. */
  readonly times: readonly bigint[];
  /** Which of two rows of the same key and time is newer. */
  readonly sequences: readonly bigint[];
}

/** Loads that begin one after the other while one call writes; each of them means one more write of its rows. */
const ROUNDS_MAX = 16;

/**
 * Writes rows into the served version of a table, which is made with the first of them, and into every version that is being loaded. The versions are
 * asked for again after each write, and the call is answered only when all that were found have the rows. So this holds: a row that was answered before
 * a load began is replaced by the load as a whole; a row that was answered later is seen after the load, unless the load brings a later one of its key.
 * Of one key the greatest (time, sequence) is kept; of the same time a written row beats a loaded one.
 * @returns how many rows were newer than what was served.
 * @throws {InvalidArgumentError} reason PREDICTIONS_INVALID. @throws {ConflictError} reason PREDICTION_LOADS_RESTLESS.
 */
export async function writePredictions(
  call: Call,
  request: WriteRequest,
  deps: FeatureDependencies,
  signal: AbortSignal,
): Promise<number> {
  const count = assertRows(request);
  const { workspace } = call.caller;
  let state = await readTargets(call, request.table, deps);
  if (!state) {
    await createTable(call, request, deps);
    state = await readTargets(call, request.table, deps);
  }
  if (!state) throw new Error(`table '${request.table}' is gone`);
  assertKeys(request.table, state.table, request.keys);
  assertOutputs(request.table, state.table, request.outputs);
  const written = new Set<string>();
  let stored: number | undefined;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const targets: readonly Target[] = state.targets.filter(({ onlineSchema }) => !written.has(onlineSchema));
    if (targets.length === 0) return stored ?? 0;
    for (const target of targets) {
      const table = predictionRows(workspace, { name: request.table, onlineSchema: target.onlineSchema });
      const newer = await writeAll(deps.online, table, encode(request, target, count), signal);
      stored ??= newer;
      written.add(target.onlineSchema);
    }
    state = (await readTargets(call, request.table, deps)) ?? state;
  }
  throw new ConflictError(`loads of table '${request.table}' begin all the time; write the rows again`, {
    reason: 'PREDICTION_LOADS_RESTLESS',
  });
}

function assertRows({ keys, outputs, times, sequences }: WriteRequest): number {
  const columns = [
    ...[...keys].map(([key, { values }]) => ({ field: `keys.${key}`, length: values.length })),
    ...[...outputs].map(([output, { values }]) => ({ field: `outputs.${output}`, length: values.length })),
    { field: 'time_micros', length: times.length },
    { field: 'sequences', length: sequences.length },
  ];
  const rows = assertColumns(columns);
  assertValues(keys, outputs);
  return rows;
}

/** Rows of a version; keys and outputs in its own order. */
type Target = PredictionSchema & Pick<PredictionTable, 'onlineSchema'>;

interface Targets {
  readonly table: PredictionTable;
  /** The served one first. */
  readonly targets: readonly Target[];
}

const readTargets = (
  { caller }: Call,
  name: string,
  { unitOfWork }: FeatureDependencies,
): Promise<Targets | undefined> =>
  unitOfWork.read(caller, async ({ predictions }) => {
    const table = await predictions.table(name);
    if (!table) return undefined;
    const loading = (await predictions.versions(name)).filter(
      (version) => version.state === 'loading' && isSameSchema(version, table),
    );
    return { table, targets: [table, ...loading] };
  });

/** Keys in the order of their names: a request has none. */
async function createTable(call: Call, request: WriteRequest, deps: FeatureDependencies): Promise<void> {
  const { table: name, outputs } = request;
  const keys = [...request.keys].map(([key, { type }]) => ({ name: key, type }));
  const schema: PredictionSchema = {
    keys: keys.sort((left, right) => (left.name < right.name ? -1 : 1)),
    outputs: [...outputs.keys()].sort(),
  };
  assertNames(schema);
  await deps.unitOfWork.run(call, async (tx) => {
    await tx.lock();
    if (await tx.predictions.table(name)) return;
    const common = { ...schema, version: 0n, onlineSchema: onlineSchemaOf(0n, schema, ''), manifestUri: '' };
    await tx.predictions.putVersion({ ...common, table: name, state: 'served', operation: '', updateTime: tx.now });
    await tx.predictions.putTable({ ...common, name, rows: 0n, fallback: {}, updateTime: tx.now });
    tx.audit.add({ action: 'features.predictions.create', resource: `predictions/${name}`, details: {} });
  });
}

function assertNames({ keys, outputs }: PredictionSchema): void {
  const seen = new Set<string>();
  const violations: FieldViolation[] = [];
  const all = [...keys.map((key) => ['keys', key.name] as const), ...outputs.map((name) => ['outputs', name] as const)];
  for (const [field, name] of all) {
    if (name === '' || Buffer.byteLength(name) > NAME_BYTES_MAX)
      violations.push({ field: `${field}.${name}`, description: `a name has 1 to ${NAME_BYTES_MAX} bytes` });
    if (seen.has(name.toLowerCase()))
      violations.push({ field: `${field}.${name}`, description: 'is named already, as key or output; name it once' });
    seen.add(name.toLowerCase());
  }
  if (violations.length > 0) throw invalid('PREDICTIONS_INVALID', violations);
}

const NAME_BYTES_MAX = 128;

/** The same way that rows of a file go. */
function encode(
  { keys, outputs, times, sequences }: WriteRequest,
  target: PredictionSchema,
  rows: number,
): readonly OnlineRow[] {
  const columns = outputColumns(target);
  const codec = new RowCodec(columns);
  const batch = {
    rows,
    keys: target.keys.map(({ name, type }) => ({ name, type, data: dataOf(keys.get(name) ?? { type, values: [] }) })),
    outputs: columns.map(({ name, type }) => {
      return { name, type, data: dataOf(outputs.get(name) ?? { type, values: [] }) };
    }),
    times: BigInt64Array.from(times),
    sequenceOf: (row: number) => sequences[row] ?? 0n,
  };
  return toPredictionRows(codec, batch, ORIGIN.WRITTEN);
}

function dataOf({ type, values }: KeyColumn): ColumnBatch['columns'][number]['data'] {
  const present = Uint8Array.from(values, (value) => (value === null ? 0 : 1));
  switch (type) {
    case 'string':
      return { type, values: values.map((value) => String(value ?? '')), present };
    case 'number':
      return { type, values: Float64Array.from(values, (value) => Number(value ?? 0)), present };
    case 'boolean':
      return { type, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), present };
    case 'integer':
    case 'timestamp':
      return { type, values: BigInt64Array.from(values, (value) => BigInt(value ?? 0)), present };
  }
}
