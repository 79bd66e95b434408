import { Exact64Column } from './int64-column.ts';

const view = new DataView(new ArrayBuffer(8));
const CANONICAL_NAN = 0x7ff8_0000_0000_0000n;
const INT64_SIGN = -(2n ** 63n);

/**
 * A double as an integer that sorts like it: -Infinity < … < -0 < 0 < … < Infinity < NaN. Every double has its own integer; all NaN are one.
 * Databases agree about integers and not about NaN, -0 and the last digit of a double, so this is what is stored.
 */
export function encodeFloat64(value: number): bigint {
  view.setFloat64(0, value);
  const bits = Number.isNaN(value) ? CANONICAL_NAN : view.getBigInt64(0);
  return bits >= 0n ? bits : INT64_SIGN - bits - 1n; // negative doubles: the larger the magnitude, the smaller the integer
}

/** Undoes `encodeFloat64`. */
export function decodeFloat64(stored: bigint): number {
  view.setBigInt64(0, stored >= 0n ? stored : INT64_SIGN - stored - 1n);
  return view.getFloat64(0);
}

/**
 * `number`, every bit of it, stored by `encodeFloat64` in a bigint column: it can be compared, sorted, indexed and paged by on both databases.
 * What it costs: SQL cannot compute with it, and -0 and 0 are two values (a filter `>= 0` leaves out -0; use `>= -0`).
 */
export class Float64Column extends Exact64Column<number> {
  protected encode(value: number): bigint {
    if (typeof value !== 'number') throw new TypeError(`${this.prop?.name ?? 'value'} must be a number`);
    return encodeFloat64(value);
  }
  protected decode(stored: bigint): number {
    return decodeFloat64(stored);
  }
  override get runtimeType(): string {
    return 'number';
  }
}
