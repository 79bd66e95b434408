import { createHash } from 'node:crypto';
import type { OnlineRow, OnlineTable, StoredRow } from '@slipway/plugin-kit';

export const KILL_TABLE: OnlineTable = { workspace: 'default', view: 'kill', schema: 'v1' };
export const KILL_KEYS = 300;

export const killKey = (index: number): Buffer => Buffer.from(`key-${index}`);

/** Values that follow from key and order, of a size that differs from row to row: a torn or mixed-up row does not match. */
export function checkedValues(key: number, eventTime: bigint, createdTime: bigint): Buffer {
  const digest = createHash('sha256').update(`${key} ${eventTime} ${createdTime}`).digest();
  return Buffer.alloc(32 + ((digest[0] ?? 0) % 4) * 2_000, digest);
}

export function checkedRow(key: number, eventTime: bigint, createdTime: bigint): OnlineRow {
  const values = checkedValues(key, eventTime, createdTime);
  return { key: killKey(key), values, eventTime, createdTime, arrival: eventTime };
}

export const isWhole = (key: number, row: StoredRow): boolean =>
  row.arrival === row.eventTime && checkedValues(key, row.eventTime, row.createdTime).equals(row.values);
