import type { Column } from '@slipway/contracts/slipway.common.v1';
import type { WritePredictionsRequest, WritePredictionsResponse__Output } from '@slipway/contracts/slipway.features.v1';
import type { StoredPredictionCalls } from '../../rpc/stream/prediction-table-calls.ts';

export interface FakeStoredPrediction {
  readonly time: bigint;
  readonly sequence: bigint;
  readonly outputs: Readonly<Record<string, number>>;
  /** How many rows were newer than the one before them. */
  readonly writes: number;
}

/** Tables of stored predictions in memory, under the rule of the real ones: a row that is not newer than what is there is dropped. */
export class FakePredictionTables implements StoredPredictionCalls {
  /** By `table/key,key`. */
  readonly rows = new Map<string, FakeStoredPrediction>();
  calls = 0;
  /** What the next calls fail with. */
  failure: Error | undefined;

  async writePredictions(
    request: WritePredictionsRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<WritePredictionsResponse__Output> {
    await Promise.resolve();
    signal.throwIfAborted();
    this.calls += 1;
    if (this.failure) throw this.failure;
    const keys = Object.values(request.keys ?? {}).map(valuesOf);
    let stored = 0;
    for (const [row, text] of (request.time_micros ?? []).entries()) {
      const id = `${request.table ?? ''}/${keys.map((column) => String(column[row])).join()}`;
      const [time, sequence] = [BigInt(String(text)), BigInt(String(request.sequences?.[row] ?? 0))];
      const known = this.rows.get(id);
      if (known && (known.time > time || (known.time === time && known.sequence >= sequence))) continue;
      const outputs = Object.fromEntries(
        Object.entries(request.outputs ?? {}).map(([name, column]) => [name, Number(valuesOf(column)[row])]),
      );
      this.rows.set(id, { time, sequence, outputs, writes: (known?.writes ?? 0) + 1 });
      stored += 1;
    }
    return { stored: `${stored}` };
  }
}

const valuesOf = (column: Column): readonly unknown[] =>
  column.strings?.values ?? column.integers?.values ?? column.booleans?.values ?? column.numbers?.values ?? [];
