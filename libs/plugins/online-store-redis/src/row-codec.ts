import { isAscii } from 'node:buffer';
import { DataLossError, type OnlineRow, type OnlineTable, type StoredRow } from '@slipway/plugin-kit';

/** Event time, created time and arrival, each as an unsigned 64-bit number, big-endian: so their bytes compare as the times do. */
const ORDER_BYTES = 24;
/** Before a row that is written: length of its key (16 bit) and of order and values (32 bit), big-endian. */
const LENGTH_BYTES = 6;
const BIAS = 2n ** 63n;

/** Key of the hash that holds a table; a length before each name keeps apart what would read the same when joined. */
export function tableKey(prefix: string, table: OnlineTable): string {
  const names = [table.workspace, table.view, table.schema].map((name) => `${Buffer.byteLength(name)}:${name}`);
  return `${prefix}:online:${names.join('')}`;
}

/** The client puts texts together and sends each Buffer by itself: a third of the time of a read of 100 keys. */
export function keyArgument(key: Uint8Array): string | Buffer {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return isAscii(bytes) ? bytes.toString('latin1') : bytes;
}

/** Rows in the form that the script takes apart. */
export function packRows(rows: readonly OnlineRow[]): Buffer {
  const packed = Buffer.allocUnsafe(rows.reduce((sum, row) => sum + packedBytes(row), 0));
  let at = 0;
  for (const row of rows) {
    packed.writeUInt16BE(row.key.byteLength, at);
    packed.writeUInt32BE(ORDER_BYTES + row.values.byteLength, at + 2);
    packed.set(row.key, at + LENGTH_BYTES);
    const order = at + LENGTH_BYTES + row.key.byteLength;
    packed.writeBigUInt64BE(row.eventTime + BIAS, order);
    packed.writeBigUInt64BE(row.createdTime + BIAS, order + 8);
    packed.writeBigUInt64BE(row.arrival + BIAS, order + 16);
    packed.set(row.values, order + ORDER_BYTES);
    at = order + ORDER_BYTES + row.values.byteLength;
  }
  return packed;
}

export const packedBytes = (row: OnlineRow): number =>
  LENGTH_BYTES + row.key.byteLength + ORDER_BYTES + row.values.byteLength;

/** @param bytes as stored; `values` of the result is a view of it. @throws {DataLossError} on what no row is. */
export function unpackRow(bytes: Buffer): StoredRow {
  if (bytes.length < ORDER_BYTES) {
    throw new DataLossError('the online store holds a row that is cut short: drop the view and load it again', {
      reason: 'ONLINE_STORE_DAMAGED',
    });
  }
  return {
    eventTime: bytes.readBigUInt64BE(0) - BIAS,
    createdTime: bytes.readBigUInt64BE(8) - BIAS,
    arrival: bytes.readBigUInt64BE(16) - BIAS,
    values: bytes.subarray(ORDER_BYTES),
  };
}
