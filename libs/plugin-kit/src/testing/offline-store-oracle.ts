import type { WindowAggregation } from '../offline-store.ts';
import type { Row, Value } from './offline-store-harness.ts';

// The port's words as nested loops over rows, with no index, order or trick. Rows have `__event`, `__created` and `__arrival`.

const time = (row: Row, name: string): bigint => row[name] as bigint;
const known = (row: Row): bigint =>
  time(row, '__event') > time(row, '__created') ? time(row, '__event') : time(row, '__created');

/** Whether a beats b: greater (event, created, arrival). */
function beats(a: Row, b: Row): boolean {
  for (const name of ['__event', '__created', '__arrival']) {
    if (time(a, name) !== time(b, name)) return time(a, name) > time(b, name);
  }
  return false;
}

const sameKeys = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.every((value, index) => value !== null && value === b[index]);

/** Values of the key columns of a row. */
export const keysOf = (row: Row, keys: readonly string[]): readonly Value[] => keys.map((key) => row[key] ?? null);

/** The row that counts for an entity with these keys at `at`. */
export function rowAsOf(
  rows: readonly Row[],
  keys: readonly string[],
  entity: readonly Value[],
  at: Value,
  limits: { readonly ttlMicros: bigint; readonly createdCutoff: boolean },
): Row | undefined {
  let winner: Row | undefined;
  if (typeof at !== 'bigint') return undefined;
  for (const row of rows) {
    if (!sameKeys(entity, keysOf(row, keys))) continue;
    if (time(row, '__event') > at) continue;
    if (limits.ttlMicros > 0n && time(row, '__event') < at - limits.ttlMicros) continue;
    if (limits.createdCutoff && time(row, '__created') > at) continue;
    if (!winner || beats(row, winner)) winner = row;
  }
  return winner;
}

/** For each key, as the winner of its rows: the row of that key that counts, if any row of the key arrived after `arrivedAfter`. */
export function latestRows(rows: readonly Row[], keys: readonly string[], arrivedAfter: bigint): readonly Row[] {
  return rows.filter(
    (row) =>
      keysOf(row, keys).every((value) => value !== null) &&
      !rows.some((other) => sameKeys(keysOf(row, keys), keysOf(other, keys)) && beats(other, row)) &&
      rows.some((other) => sameKeys(keysOf(row, keys), keysOf(other, keys)) && time(other, '__arrival') > arrivedAfter),
  );
}

/** Greatest arrival among the rows with the keys of `row`. */
export const newestArrival = (rows: readonly Row[], keys: readonly string[], row: Row): bigint =>
  rows
    .filter((other) => sameKeys(keysOf(row, keys), keysOf(other, keys)))
    .reduce((newest, other) => (time(other, '__arrival') > newest ? time(other, '__arrival') : newest), -1n);

/** Values of the column in the window of a row, nulls left out. */
export function windowValues(
  rows: readonly Row[],
  keys: readonly string[],
  row: Row,
  wanted: WindowAggregation,
): readonly Value[] {
  return rows
    .filter((other) => sameKeys(keysOf(row, keys), keysOf(other, keys)))
    .filter((other) => known(other) <= known(row) && known(other) >= known(row) - wanted.windowMicros)
    .map((other) => other[wanted.column] ?? null)
    .filter((value) => value !== null);
}

/** The aggregation of values, exact; a number within the last digits of one. */
export function aggregate(wanted: WindowAggregation['function'], values: readonly Value[]): Value {
  if (wanted === 'count') return BigInt(values.length);
  if (values.length === 0) return null;
  if (wanted === 'minimum') return values.reduce((a, b) => (less(b, a) ? b : a));
  if (wanted === 'maximum') return values.reduce((a, b) => (less(a, b) ? b : a));
  const sum = values.every((value) => typeof value === 'bigint')
    ? values.reduce((a, b) => a + b, 0n)
    : sumOfDoubles(values.map(Number));
  return wanted === 'sum' ? sum : Number(sum) / values.length;
}

/** NaN is greater than every number. */
function less(a: Value, b: Value): boolean {
  if (typeof a === 'number' && Number.isNaN(a)) return false;
  if (typeof b === 'number' && Number.isNaN(b)) return true;
  return (a as bigint | number | string) < (b as bigint | number | string);
}

/** Exact sum, rounded once: every double is a whole multiple of 2^-1074. */
export function sumOfDoubles(values: readonly number[]): number {
  if (values.some((value) => !Number.isFinite(value))) return values.reduce((a, b) => a + b, 0);
  const units = values.reduce((total, value) => total + unitsOf(value), 0n);
  const magnitude = units < 0n ? -units : units;
  const shift = Math.max(0, magnitude.toString(2).length - 64);
  const odd = (magnitude & ((1n << BigInt(shift)) - 1n)) !== 0n ? 1n : 0n; // below the kept digits: breaks a tie only
  const rounded = Number((magnitude >> BigInt(shift)) | odd);
  const half = Math.floor((shift - 1074) / 2);
  return (units < 0n ? -1 : 1) * rounded * 2 ** half * 2 ** (shift - 1074 - half);
}

function unitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const units = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n ? -units : units;
}
