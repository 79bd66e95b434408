import { createHash } from 'node:crypto';
import type { ColumnBatch, ColumnType } from '@slipway/plugin-kit';

/** What every online store takes. */
const KEY_BYTES_MAX = 512;
const TAG: Readonly<Record<ColumnType, number>> = { string: 1, integer: 2, number: 3, boolean: 4, timestamp: 5 };
/** In front of a digest that stands for a key that is too long. */
const DIGEST_TAG = 0xff;

export type KeyValue = string | number | bigint | boolean;

/** Bytes of one part: a tag of its type, the length of a text before the text, so that no two keys run together. */
function encodePart(type: ColumnType, value: KeyValue): Buffer {
  if (type === 'string') {
    const text = Buffer.from(String(value), 'utf8');
    const part = Buffer.allocUnsafe(5 + text.length);
    part[0] = TAG.string;
    part.writeUInt32BE(text.length, 1);
    text.copy(part, 5);
    return part;
  }
  if (type === 'boolean') return Buffer.of(TAG.boolean, value ? 1 : 0);
  const part = Buffer.allocUnsafe(9);
  part[0] = TAG[type];
  if (type !== 'number') part.writeBigInt64BE(BigInt(value), 1);
  else {
    const number = Number(value);
    part.writeDoubleBE(Number.isNaN(number) ? Number.NaN : number + 0, 1); // one NaN, and no -0: those compare equal in a join
  }
  return part;
}

/** Key of one row: its join keys in the order of the view. */
export function encodeKey(types: readonly ColumnType[], values: readonly KeyValue[]): Buffer {
  const parts = types.map((type, index) => encodePart(type, values[index] ?? ''));
  const key = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  if (key.length <= KEY_BYTES_MAX) return key;
  return Buffer.concat([Buffer.of(DIGEST_TAG), createHash('sha256').update(key).digest()]);
}

/** Keys of a batch; undefined where a part of the key is null: such a row cannot be asked for. */
export function encodeBatchKeys(columns: ColumnBatch['columns'], rows: number): (Buffer | undefined)[] {
  const types = columns.map(({ data }) => data.type);
  return Array.from({ length: rows }, (_, row) => {
    const values: KeyValue[] = [];
    for (const { data } of columns) {
      const value = data.present[row] === 1 ? data.values[row] : undefined;
      if (value === undefined) return undefined;
      values.push(data.type === 'boolean' ? value !== 0 : value);
    }
    return encodeKey(types, values);
  });
}
