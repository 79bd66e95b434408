import { InvalidArgumentError } from '@slipway/kernel';
import { logLossOf } from '@slipway/stats';
import type { ProfiledDay, ReferenceProfile } from './profile.ts';

/** Sums over the rows whose label is known. */
export interface LabelledSums {
  readonly rows: number;
  readonly positives: number;
  readonly scoreSum: number;
  readonly logLossSum: number;
  readonly brierSum: number;
}

/** Rows of some days in the bins of one profile. Additive: the window of two windows is their sum. */
export interface ProfileWindow {
  readonly rows: number;
  /** By bin of the profile's scores. */
  readonly scores: readonly number[];
  /** One list for each feature of the profile, in its order. */
  readonly features: readonly (readonly number[])[];
  readonly labelled: LabelledSums;
}

const NO_LABELS: LabelledSums = { rows: 0, positives: 0, scoreSum: 0, logLossSum: 0, brierSum: 0 };

/** The window without rows: the one to start a sum with. */
export const emptyWindow = ({ scores, features }: ReferenceProfile): ProfileWindow => ({
  rows: 0,
  scores: scores.counts.map(() => 0),
  features: features.map((feature) => feature.counts.map(() => 0)),
  labelled: NO_LABELS,
});

/** A day of the reference as a window; all its rows have labels. */
export function windowOfDay(day: ProfiledDay): ProfileWindow {
  const { rows, scores, features, positives, scoreSum, logLossSum, brierSum } = day;
  return { rows, scores, features, labelled: { rows, positives, scoreSum, logLossSum, brierSum } };
}

/** The sum of windows of one profile. @param start what is summed onto, e.g. `emptyWindow`. */
export function poolWindows(start: ProfileWindow, windows: Iterable<ProfileWindow>): ProfileWindow {
  let pooled = start;
  for (const window of windows) pooled = combine(pooled, window, 1);
  return pooled;
}

/** What is left of a window without a part of it. */
export const withoutWindow = (whole: ProfileWindow, part: ProfileWindow): ProfileWindow => combine(whole, part, -1);

function combine(left: ProfileWindow, right: ProfileWindow, sign: 1 | -1): ProfileWindow {
  const counts = (of: readonly number[], and: readonly number[]) => of.map((count, bin) => count + sign * (and[bin] ?? 0)); // prettier-ignore
  const [a, b] = [left.labelled, right.labelled];
  return {
    rows: left.rows + sign * right.rows,
    scores: counts(left.scores, right.scores),
    features: left.features.map((feature, index) => counts(feature, right.features[index] ?? [])),
    labelled: {
      rows: a.rows + sign * b.rows,
      positives: a.positives + sign * b.positives,
      scoreSum: a.scoreSum + sign * b.scoreSum,
      logLossSum: a.logLossSum + sign * b.logLossSum,
      brierSum: a.brierSum + sign * b.brierSum,
    },
  };
}

/**
 * Sums over labelled rows. @param labels 0 or 1. @param scores probabilities of 1, in the same order.
 * @throws {InvalidArgumentError} on different lengths.
 */
export function labelledSums(labels: ArrayLike<number>, scores: ArrayLike<number>): LabelledSums {
  if (labels.length !== scores.length)
    throw InvalidArgumentError.of('labels', `has ${labels.length} entries for ${scores.length} scores`);
  const sums = { rows: labels.length, positives: 0, scoreSum: 0, logLossSum: 0, brierSum: 0 };
  for (let row = 0; row < labels.length; row += 1) {
    const [label, score] = [labels[row] ?? 0, scores[row] ?? 0];
    sums.positives += label;
    sums.scoreSum += score;
    sums.logLossSum += logLossOf(label, score);
    sums.brierSum += (score - label) ** 2;
  }
  return sums;
}
