import { InvalidArgumentError } from '@slipway/kernel';
import { logLossOf } from '@slipway/stats';
import { numberBinner } from './bins.ts';
import { calendarSteps } from './calendar.ts';
import { decilesSteps } from './deciles.ts';
import { PIECE_MASK } from './limits.ts';
import { profileFeatureSteps, type FeatureColumn, type FeatureTally } from './profile-feature.ts';
import { PROFILE_FORMAT, type ProfiledDay, type ReferenceProfile } from './profile.ts';
import { tallySteps } from './tally.ts';

export interface ProfileInput {
  /** Name of the model's output that `scores` is. */
  readonly output: string;
  /** Event times, microseconds since 1970, in any order. */
  readonly times: Float64Array | BigInt64Array;
  /** 0 or 1. */
  readonly labels: ArrayLike<number>;
  /** Only rows 0, `every`, 2 `every`... are profiled; 1 by default. Columns have all rows, `scores` those that are profiled. */
  readonly every?: number;
  /** Probabilities of label 1. */
  readonly scores: Float64Array;
  /** As the model gets them. */
  readonly features: readonly FeatureColumn[];
}

/**
 * The profile of a training set. The same input gives the same profile, bit by bit. Yields every some thousand rows; the result is of the last step.
 * @throws {InvalidArgumentError} on no rows, different lengths, a time or score that is NaN, a label other than 0 and 1, or too many days.
 */
export function* buildProfileSteps(input: ProfileInput): Generator<number, ReferenceProfile, void> {
  const { output, times, labels, scores, every = 1 } = input;
  assertLengths(input, every);
  const calendar = yield* calendarSteps(times, every, scores.length);
  const days = calendar.days.map((day) => ({ day, rows: 0, positives: 0, scoreSum: 0, logLossSum: 0, brierSum: 0 }));
  for (let row = 0; row < scores.length; row += 1) {
    const day = days[calendar.slots[row] ?? 0];
    const [label, score] = [labels[row * every] ?? Number.NaN, scores[row] ?? Number.NaN];
    if (!day || (label !== 0 && label !== 1)) throw InvalidArgumentError.of('labels', `is ${label} in row ${row * every}; 0 and 1 are labels`); // prettier-ignore
    if (Number.isNaN(score)) throw InvalidArgumentError.of('scores', `is NaN for row ${row * every}`);
    day.rows += 1;
    day.positives += label;
    day.scoreSum += score;
    day.logLossSum += logLossOf(label, score);
    day.brierSum += (score - label) ** 2;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const edges = yield* decilesSteps(scores.slice());
  const binOf = numberBinner(edges);
  const scored = yield* tallySteps(calendar, edges.length + 1, (row) => binOf(scores[row] ?? 0));
  const features: FeatureTally[] = [];
  for (const column of input.features) features.push(yield* profileFeatureSteps(column, every, calendar));
  const profiled = days.map((day, slot): ProfiledDay => ({
    ...day,
    scores: scored.byDay[slot] ?? [],
    features: features.map(({ byDay }) => byDay[slot] ?? []),
  }));
  return {
    format: PROFILE_FORMAT,
    output,
    rows: scores.length,
    from: calendar.from,
    until: calendar.until,
    positiveShare: days.reduce((sum, { positives }) => sum + positives, 0) / scores.length,
    scores: { edges, counts: scored.counts },
    features: features.map(({ feature }) => feature),
    days: profiled,
  };
}

/** See `buildProfileSteps`; without a pause. */
export function buildProfile(input: ProfileInput): ReferenceProfile {
  const steps = buildProfileSteps(input);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function assertLengths({ times, labels, scores, features }: ProfileInput, every: number): void {
  if (!Number.isInteger(every) || every < 1) throw InvalidArgumentError.of('every', `is ${every}; it is 1 or more`);
  const rows = times.length;
  if (rows === 0) throw InvalidArgumentError.of('times', 'is empty; a profile needs rows');
  const wrong = (field: string, length: number, expected: number): never => {
    throw InvalidArgumentError.of(field, `has ${length} entries, and ${expected} are expected for ${rows} times`);
  };
  if (labels.length !== rows) wrong('labels', labels.length, rows);
  if (scores.length !== Math.ceil(rows / every)) wrong('scores', scores.length, Math.ceil(rows / every));
  for (const column of features) {
    const { length } = column.kind === 'number' ? column.values : column.codes;
    if (length !== rows) wrong(`features.${column.name}`, length, rows);
  }
}
