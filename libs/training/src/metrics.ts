import { InvalidArgumentError } from '@slipway/kernel';
import { sortedSteps } from './sorted.ts';
import { runAtOnce, type Steps } from './steps.ts';

/** Probabilities of 0 and 1 would cost infinitely much when wrong; scikit-learn's `log_loss` cuts float64 at the same place. */
const PROBABILITY_MIN = 2.220446049250313e-16;
const PIECE_MASK = 0x7fff;

function assertPaired(left: ArrayLike<number>, right: ArrayLike<number>): void {
  if (left.length !== right.length || left.length === 0) {
    throw InvalidArgumentError.of(
      'labels',
      `${left.length} labels for ${right.length} predictions; both need one or more`,
    );
  }
}

/**
 * Mean negative log-likelihood, natural logarithm. @param labels 0 or 1. @param probabilities of 1, in [0, 1].
 */
export function* logLossSteps(labels: ArrayLike<number>, probabilities: ArrayLike<number>): Steps<number> {
  assertPaired(labels, probabilities);
  let sum = 0;
  for (let row = 0; row < labels.length; row += 1) {
    const probability = Math.min(Math.max(probabilities[row] ?? 0, PROBABILITY_MIN), 1 - PROBABILITY_MIN);
    sum -= labels[row] === 1 ? Math.log(probability) : Math.log1p(-probability);
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return sum / labels.length;
}

/**
 * Area under the ROC curve: the chance that a row of class 1 scores above one of class 0, ties counting one half. NaN when a class is absent.
 * @param labels 0 or 1. @param scores any order-preserving score.
 */
export function* aucSteps(labels: ArrayLike<number>, scores: ArrayLike<number>): Steps<number> {
  assertPaired(labels, scores);
  const { positives, negatives } = yield* splitSteps(labels, scores);
  let below = 0; // negatives under the positive at hand
  let upTo = 0; // negatives under or equal to it
  let wins = 0;
  for (let at = 0; at < positives.length; at += 1) {
    const score = positives[at] ?? 0;
    while (below < negatives.length && (negatives[below] ?? 0) < score) below += 1;
    upTo = Math.max(upTo, below);
    while (upTo < negatives.length && (negatives[upTo] ?? 0) === score) upTo += 1;
    wins += (below + upTo) / 2;
    if ((at & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return wins / (positives.length * negatives.length);
}

/** The scores of either class, sorted. */
function* splitSteps(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
): Steps<{ positives: Float64Array; negatives: Float64Array }> {
  const both = new Float64Array(scores.length); // positives from the front, negatives from the back
  let front = 0;
  let back = both.length;
  for (let row = 0; row < scores.length; row += 1) {
    if (labels[row] === 1) both[front++] = scores[row] ?? 0;
    else both[--back] = scores[row] ?? 0;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const positives = yield* sortedSteps(both.subarray(0, front));
  return { positives, negatives: yield* sortedSteps(both.subarray(front)) };
}

/** Residual and total sums of squares; the total around the mean of `targets`. */
function* sumsOfSquares(targets: Float64Array, predictions: Float64Array): Steps<{ residual: number; total: number }> {
  assertPaired(targets, predictions);
  let mean = 0;
  for (let row = 0; row < targets.length; row += 1) {
    mean += ((targets[row] ?? 0) - mean) / (row + 1);
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  let residual = 0;
  let total = 0;
  for (let row = 0; row < targets.length; row += 1) {
    const target = targets[row] ?? 0;
    residual += (target - (predictions[row] ?? 0)) ** 2;
    total += (target - mean) ** 2;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return { residual, total };
}

/** Root of the mean squared error, in the unit of the target, and share of variance explained (0 when the target is constant). */
export function* regressionMetricsSteps(
  targets: Float64Array,
  predictions: Float64Array,
): Steps<{ rmse: number; r2: number }> {
  const { residual, total } = yield* sumsOfSquares(targets, predictions);
  return { rmse: Math.sqrt(residual / targets.length), r2: total === 0 ? 0 : 1 - residual / total };
}

/** See `logLossSteps`. @throws {InvalidArgumentError} on no rows or different lengths, like all of these. */
export const logLoss = (labels: ArrayLike<number>, probabilities: ArrayLike<number>): number =>
  runAtOnce(logLossSteps(labels, probabilities));
/** See `aucSteps`. */
export const auc = (labels: ArrayLike<number>, scores: ArrayLike<number>): number =>
  runAtOnce(aucSteps(labels, scores));
/** Root mean squared error, in the unit of the target. */
export const rmse = (targets: Float64Array, predictions: Float64Array): number =>
  runAtOnce(regressionMetricsSteps(targets, predictions)).rmse;
/** Coefficient of determination: 1 is perfect, 0 is the mean's, below 0 is worse than the mean. */
export const r2 = (targets: Float64Array, predictions: Float64Array): number =>
  runAtOnce(regressionMetricsSteps(targets, predictions)).r2;
