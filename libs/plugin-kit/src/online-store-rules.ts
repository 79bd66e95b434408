import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { OnlineOrder, OnlineRead, OnlineRow, OnlineStore, OnlineTable } from './online-store.ts';

export const ONLINE_KEY_BYTES_MAX = 512;
export const ONLINE_VALUES_BYTES_MAX = 65_536;
/** Each of workspace, view and schema, in UTF-8: what one byte can count, so that a driver may put a length before each. */
export const ONLINE_NAME_BYTES_MAX = 255;
/** A call with thousands of wrong rows is told about the first of them. */
const VIOLATIONS_MAX = 20;

type Limits = OnlineStore['capabilities'];

/** Negative when `a` comes before `b`: event time, then created time, then arrival. */
export function compareOnlineOrder(a: OnlineOrder, b: OnlineOrder): number {
  if (a.eventTime !== b.eventTime) return a.eventTime < b.eventTime ? -1 : 1;
  if (a.createdTime !== b.createdTime) return a.createdTime < b.createdTime ? -1 : 1;
  if (a.arrival !== b.arrival) return a.arrival < b.arrival ? -1 : 1;
  return 0;
}

/** One row per key, the greatest; of equal ones the first. */
export function greatestByKey(rows: readonly OnlineRow[]): readonly OnlineRow[] {
  if (rows.length < 2) return rows;
  const greatest = new Map<string, OnlineRow>();
  for (const row of rows) {
    const { buffer, byteOffset, byteLength } = row.key;
    const key = Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
    const known = greatest.get(key);
    if (!known || compareOnlineOrder(known, row) < 0) greatest.set(key, row);
  }
  return greatest.size === rows.length ? rows : [...greatest.values()];
}

/** What every driver refuses to read. @throws {InvalidArgumentError} naming each wrong field. */
export function assertOnlineReads(requests: readonly OnlineRead[], limits: Limits): void {
  const keys = requests.reduce((sum, request) => sum + request.keys.length, 0);
  if (keys > limits.readKeysMax) {
    const text = `${keys} keys; at most ${limits.readKeysMax} in one call, all tables together`;
    throw InvalidArgumentError.of('requests', text, { reason: 'ONLINE_READ_TOO_LARGE' });
  }
  const violations: FieldViolation[] = [];
  for (const [at, request] of requests.entries()) {
    violations.push(...tableViolations(request.table, `requests[${at}].table`));
    for (const [index, key] of request.keys.entries()) {
      if (isKey(key)) continue;
      violations.push(keyViolation(key, `requests[${at}].keys[${index}]`));
      if (violations.length >= VIOLATIONS_MAX) break;
    }
  }
  refuse(violations, 'ONLINE_READ_INVALID');
}

/** What every driver refuses to write. @throws {InvalidArgumentError} naming each wrong field. */
export function assertOnlineRows(table: OnlineTable, rows: readonly OnlineRow[], limits: Limits): void {
  if (rows.length > limits.writeRowsMax) {
    const text = `${rows.length} rows; at most ${limits.writeRowsMax} in one call`;
    throw InvalidArgumentError.of('rows', text, { reason: 'ONLINE_WRITE_TOO_LARGE' });
  }
  const violations = tableViolations(table, 'table');
  for (const [index, row] of rows.entries()) {
    if (isRow(row)) continue;
    violations.push(...rowViolations(row, `rows[${index}]`));
    if (violations.length >= VIOLATIONS_MAX) break;
  }
  refuse(violations, 'ONLINE_ROW_INVALID');
}

/** @throws {InvalidArgumentError} naming the wrong name. */
export function assertOnlineTable(table: OnlineTable): void {
  refuse(tableViolations(table, 'table'), 'ONLINE_TABLE_INVALID');
}

function refuse(violations: readonly FieldViolation[], reason: string): void {
  if (violations.length > 0) throw new InvalidArgumentError(violations, { reason });
}

function tableViolations(table: OnlineTable, at: string): FieldViolation[] {
  return (['workspace', 'view', 'schema'] as const).flatMap((field) => {
    const name = table[field];
    const bytes = Buffer.byteLength(name, 'utf8');
    const isName = bytes >= 1 && bytes <= ONLINE_NAME_BYTES_MAX && name.isWellFormed();
    const description = `must be 1 to ${ONLINE_NAME_BYTES_MAX} bytes of well-formed text`;
    return isName ? [] : [{ field: `${at}.${field}`, description }];
  });
}

const isKey = (key: Uint8Array): boolean => key.byteLength >= 1 && key.byteLength <= ONLINE_KEY_BYTES_MAX;
const isInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value;

const isRow = (row: OnlineRow): boolean =>
  isKey(row.key) &&
  row.values.byteLength <= ONLINE_VALUES_BYTES_MAX &&
  isInt64(row.eventTime) &&
  isInt64(row.createdTime) &&
  isInt64(row.arrival);

const keyViolation = (key: Uint8Array, field: string): FieldViolation => ({
  field,
  description: `has ${key.byteLength} bytes; a key has 1 to ${ONLINE_KEY_BYTES_MAX}`,
});

function rowViolations(row: OnlineRow, at: string): FieldViolation[] {
  const violations = isKey(row.key) ? [] : [keyViolation(row.key, `${at}.key`)];
  if (row.values.byteLength > ONLINE_VALUES_BYTES_MAX) {
    const description = `has ${row.values.byteLength} bytes; at most ${ONLINE_VALUES_BYTES_MAX}`;
    violations.push({ field: `${at}.values`, description });
  }
  for (const field of ['eventTime', 'createdTime', 'arrival'] as const) {
    if (!isInt64(row[field])) violations.push({ field: `${at}.${field}`, description: 'is outside of int64' });
  }
  return violations;
}
