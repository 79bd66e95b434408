import type { Calendar } from './calendar.ts';
import { PIECE_MASK } from './limits.ts';

export interface Tally {
  readonly counts: readonly number[];
  readonly byDay: readonly (readonly number[])[];
}

/** Counts the rows of a calendar by bin, in all and by day. @param binOf bin of a profiled row, below `bins`. */
export function* tallySteps(
  { slots, days }: Calendar,
  bins: number,
  binOf: (row: number) => number,
): Generator<number, Tally, void> {
  const flat = new Uint32Array(days.length * bins);
  for (let row = 0; row < slots.length; row += 1) {
    const at = (slots[row] ?? 0) * bins + binOf(row);
    flat[at] = (flat[at] ?? 0) + 1;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const byDay = days.map((_, slot) => Array.from(flat.subarray(slot * bins, (slot + 1) * bins)));
  const counts = Array.from({ length: bins }, () => 0);
  for (const day of byDay) for (const [bin, count] of day.entries()) counts[bin] = (counts[bin] ?? 0) + count;
  return { counts, byDay };
}
