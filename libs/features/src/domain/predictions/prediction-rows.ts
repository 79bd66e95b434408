import type { ColumnBatch, OnlineRow } from '@slipway/plugin-kit';
import { encodeBatchKeys } from '../online/key-codec.ts';
import type { RowCodec } from '../online/row-codec.ts';

/**
 * Stands where features have their created time: of two predictions of one key and time the one that was written by row replaces the one that came with
 * a load, whatever their numbers, since rows that are written while a load goes on are newer than its files.
 */
export const ORIGIN = { LOADED: 0n, WRITTEN: 1n } as const;

interface Batch {
  readonly rows: number;
  /** In the order of the table. */
  readonly keys: ColumnBatch['columns'];
  readonly outputs: ColumnBatch['columns'];
  /** Microseconds. */
  readonly times: BigInt64Array;
  /** Which of two rows of the same key, time and origin is newer. */
  readonly sequenceOf: (row: number) => bigint;
}

/** As the online store takes them. Rows without a key cannot be asked for and are left out. */
export function toPredictionRows(codec: RowCodec, batch: Batch, createdTime: bigint): readonly OnlineRow[] {
  const keys = encodeBatchKeys(batch.keys, batch.rows);
  const values = codec.encode(batch.outputs, batch.rows);
  const rows: OnlineRow[] = [];
  for (let row = 0; row < batch.rows; row += 1) {
    const [key, bytes] = [keys[row], values[row]];
    if (!key || !bytes) continue;
    rows.push({ key, values: bytes, eventTime: batch.times[row] ?? 0n, createdTime, arrival: batch.sequenceOf(row) });
  }
  return rows;
}
