import { InvalidArgumentError } from '@slipway/kernel';
import { dayNumberOfMicros, dayOf } from './days.ts';
import { DAYS_MAX, PIECE_MASK } from './limits.ts';

/** The rows of a profile, by day. */
export interface Calendar {
  /** Index into `days`, by profiled row. */
  readonly slots: Uint32Array;
  readonly days: readonly string[];
  readonly from: bigint;
  readonly until: bigint;
}

/** Finds the days of rows 0, `every`, 2 `every`... @throws {InvalidArgumentError} on a time that is no microsecond, or too many days. */
export function* calendarSteps(
  times: Float64Array | BigInt64Array,
  every: number,
  rows: number,
): Generator<number, Calendar, void> {
  const numbers = new Float64Array(rows); // first days since 1970
  let from = Number.POSITIVE_INFINITY;
  let until = Number.NEGATIVE_INFINITY;
  const seen = new Set<number>();
  for (let row = 0; row < rows; row += 1) {
    const micros = Number(times[row * every]);
    if (!Number.isSafeInteger(micros)) throw InvalidArgumentError.of('times', `is ${micros} in row ${row * every}; give whole microseconds`); // prettier-ignore
    from = Math.min(from, micros);
    until = Math.max(until, micros);
    const day = dayNumberOfMicros(micros);
    numbers[row] = day;
    seen.add(day);
    if ((row & PIECE_MASK) === PIECE_MASK) {
      assertFewDays(seen.size);
      yield 0;
    }
  }
  assertFewDays(seen.size);
  const ascending = [...seen].sort((left, right) => left - right);
  const slotOf = new Map(ascending.map((day, slot) => [day, slot]));
  const slots = new Uint32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    slots[row] = slotOf.get(numbers[row] ?? 0) ?? 0;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return { slots, days: ascending.map(dayOf), from: BigInt(from), until: BigInt(until) };
}

function assertFewDays(days: number): void {
  if (days > DAYS_MAX)
    throw InvalidArgumentError.of('times', `has more than ${DAYS_MAX} days; profile the latest of them, or none`);
}
