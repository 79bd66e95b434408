import type { WritePredictionsRequest, WritePredictionsResponse__Output } from '@slipway/contracts/slipway.features.v1';
import type { Column } from '@slipway/contracts/slipway.common.v1';
import { DomainError, FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import type { PredictionTable, TableRow } from '../../domain/stream/prediction-table.ts';
import type { StreamDefinition } from '../../domain/stream/stream.ts';

/** The call of the feature store's client that streams make to keep results by key. */
export interface StoredPredictionCalls {
  writePredictions(
    request: WritePredictionsRequest,
    options: { readonly workspace: string; readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<WritePredictionsResponse__Output>;
}

/** Tables of stored predictions in the feature store, written as serving itself. */
export function createPredictionTable(store: StoredPredictionCalls, timeoutMs: number): PredictionTable {
  return {
    write: async (stream, rows, signal) => {
      for (const group of byShape(rows)) {
        try {
          await store.writePredictions(toRequest(stream, group), { workspace: stream.workspace, signal, timeoutMs });
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          throw toStreamError(stream, error);
        }
      }
    },
  };
}

/** Rows that fit into the same columns, in their order. */
function byShape(rows: readonly TableRow[]): readonly (readonly TableRow[])[] {
  const groups = new Map<string, TableRow[]>();
  for (const row of rows) {
    const shape = `${row.keys.map((key) => typeof key).join()}|${Object.keys(row.outputs).join()}`;
    const group = groups.get(shape);
    if (group) group.push(row);
    else groups.set(shape, [row]);
  }
  return [...groups.values()];
}

function toRequest({ table, tableKeys }: StreamDefinition, rows: readonly TableRow[]): WritePredictionsRequest {
  const outputs = Object.keys(rows[0]?.outputs ?? {});
  return {
    table,
    keys: Object.fromEntries(tableKeys.map((name, at) => [name, keyColumn(rows.map(({ keys }) => keys[at] ?? ''))])),
    outputs: Object.fromEntries(
      outputs.map((name) => [name, { numbers: { values: rows.map((row) => row.outputs[name] ?? Number.NaN) } }]),
    ),
    time_micros: rows.map(({ time }) => `${time}`),
    sequences: rows.map(({ sequence }) => `${sequence}`),
  };
}

function keyColumn(values: readonly (string | bigint | boolean)[]): Column {
  if (typeof values[0] === 'bigint') return { integers: { values: values.map(String) } };
  if (typeof values[0] === 'boolean') return { booleans: { values: values.map(Boolean) } };
  return { strings: { values: values.map(String) } };
}

function toStreamError({ table }: StreamDefinition, error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  if (error.kind === 'unavailable' || error.kind === 'exhausted' || error.kind === 'conflict') {
    const message = `the feature store does not take predictions: ${error.message}`;
    return new UnavailableError(message, { reason: 'FEATURE_STORE_UNAVAILABLE', cause: error });
  }
  return new FailedPreconditionError(
    `table '${table}' does not take the predictions of this stream: ${error.message}`,
    {
      reason: 'PREDICTION_TABLE_REFUSED',
      facts: { table },
      cause: error,
    },
  );
}
