import { numberBinner } from './bins.ts';
import type { Calendar } from './calendar.ts';
import { decilesSteps } from './deciles.ts';
import { CATEGORIES_MAX, PIECE_MASK } from './limits.ts';
import type { ProfiledFeature } from './profile.ts';
import { tallySteps, type Tally } from './tally.ts';

/** A feature as a training table has it; all rows, named as predictions name it. */
export type FeatureColumn =
  | { readonly name: string; readonly kind: 'number'; readonly values: Float64Array }
  /** `codes` are indexes into `categories`; any other code is a null. */
  | {
      readonly name: string;
      readonly kind: 'text';
      readonly categories: readonly string[];
      readonly codes: Uint32Array;
    };

/** A feature of the profile with its counts by day. */
export interface FeatureTally {
  readonly feature: ProfiledFeature;
  readonly byDay: Tally['byDay'];
}

/** Chooses the bins of a feature by rows 0, `every`, 2 `every`..., and counts those rows. */
export function profileFeatureSteps(
  column: FeatureColumn,
  every: number,
  calendar: Calendar,
): Generator<number, FeatureTally, void> {
  return column.kind === 'number' ? numberSteps(column, every, calendar) : textSteps(column, every, calendar);
}

function* numberSteps(
  { name, kind, values }: FeatureColumn & { kind: 'number' },
  every: number,
  calendar: Calendar,
): Generator<number, FeatureTally, void> {
  const rows = calendar.slots.length;
  const present = new Float64Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row += 1) {
    const value = values[row * every] ?? Number.NaN;
    if (!Number.isNaN(value)) present[count++] = value;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const edges = yield* decilesSteps(present.subarray(0, count));
  const binOf = numberBinner(edges);
  const { counts, byDay } = yield* tallySteps(calendar, edges.length + 2, (row) => binOf(values[row * every] ?? Number.NaN)); // prettier-ignore
  return { feature: { name, kind, edges, counts }, byDay };
}

function* textSteps(
  { name, kind, categories, codes }: FeatureColumn & { kind: 'text' },
  every: number,
  calendar: Calendar,
): Generator<number, FeatureTally, void> {
  const absent = categories.length;
  const codeOf = (row: number): number => Math.min(codes[row * every] ?? absent, absent);
  const occurrences = new Uint32Array(absent + 1);
  for (let row = 0; row < calendar.slots.length; row += 1) {
    const code = codeOf(row);
    occurrences[code] = (occurrences[code] ?? 0) + 1;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const kept = mostFrequent(categories, occurrences);
  const slots = new Uint32Array(absent + 1).fill(kept.length); // any other
  slots[absent] = kept.length + 1;
  for (const [slot, code] of kept.entries()) slots[code] = slot;
  const { counts, byDay } = yield* tallySteps(calendar, kept.length + 2, (row) => slots[codeOf(row)] ?? 0);
  return { feature: { name, kind, categories: kept.map((code) => categories[code] ?? ''), counts }, byDay };
}

/** Codes of the most frequent categories that occur, by the bytes of their text. */
function mostFrequent(categories: readonly string[], occurrences: Uint32Array): readonly number[] {
  const byBytes = (left: number, right: number): number =>
    Buffer.compare(Buffer.from(categories[left] ?? ''), Buffer.from(categories[right] ?? ''));
  const occurring = categories.map((_, code) => code).filter((code) => (occurrences[code] ?? 0) > 0);
  occurring.sort((left, right) => (occurrences[right] ?? 0) - (occurrences[left] ?? 0) || byBytes(left, right));
  return occurring.slice(0, CATEGORIES_MAX).sort(byBytes);
}
