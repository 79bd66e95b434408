import { InvalidArgumentError } from '@slipway/kernel';
import type { Steps } from '@slipway/training';
import { solveSteps } from './cholesky.ts';
import { columnName, type Design } from './design.ts';
import type { LinearOptions } from './options.ts';
import { sumSteps, type RowRule, type Sums } from './row-pass.ts';

export interface Fit {
  /** One per column of the design, for standardised values; the intercept first. */
  readonly coefficients: Float64Array;
  readonly iterations: number;
  /** Columns that are combinations of earlier ones, with coefficient 0. None unless the ridge is 0 or tiny. */
  readonly dropped: readonly number[];
}

/**
 * The decrement is twice the distance to the least loss (a sum over rows). Below this, or below the rounding of the loss, no step lowers the loss
 * visibly: the full step is still taken, unjudged, and squares the error.
 */
const DECREMENT_MAX = 1e-10;
/** Share of the decrease promised by the slope that a step has to bring (Armijo); smaller ones could repeat for ever. */
const DECREASE_MIN = 1e-4;
const HALVINGS_MAX = 40;
/** Without a ridge: odds of e^20 per standard deviation or category mean that the classes are separated, and the fit would run to infinity. */
const SEPARATED = 20;

const newSums = (columns: number): Sums => ({
  matrix: new Float64Array(columns * columns),
  vector: new Float64Array(columns),
  loss: 0,
  rounding: 0,
});

/** Ridge on every coefficient but the intercept: adds its part to matrix, vector and loss. */
function addRidge({ matrix, vector }: Sums, coefficients: Float64Array, ridge: number): number {
  let squares = 0;
  for (let column = 1; column < coefficients.length; column += 1) {
    const coefficient = coefficients[column]!;
    matrix[column * coefficients.length + column]! += ridge;
    vector[column]! -= ridge * coefficient;
    squares += coefficient * coefficient;
  }
  return (ridge / 2) * squares;
}

function* meanSteps(values: Float64Array): Steps<number> {
  let mean = 0;
  for (let row = 0; row < values.length; row += 1) {
    mean += ((values[row] ?? 0) - mean) / (row + 1);
    if ((row & 0x7fff) === 0x7fff) yield 0;
  }
  return mean;
}

/** Least squares with a ridge, by the normal equations of the standardised columns. */
export function* fitRegression(design: Design, target: Float64Array, { ridge }: LinearOptions): Steps<Fit> {
  const mean = yield* meanSteps(target);
  const coefficients = new Float64Array(design.columns);
  const sums = newSums(design.columns);
  const rule: RowRule = (row, _, out) => {
    out[0] = 1;
    out[1] = target[row]! - mean; // centred: the large common part would cost digits
  };
  yield* sumSteps(design, coefficients, rule, sums);
  addRidge(sums, coefficients, ridge);
  const dropped = yield* solveSteps(sums.matrix, sums.vector);
  sums.vector[0]! += mean;
  return { coefficients: sums.vector, iterations: 1, dropped };
}

/** Weight, residual and log-loss of a row of class 0 or 1, without overflow. */
const logisticRule =
  (target: Float64Array): RowRule =>
  (row, predictor, out) => {
    const label = target[row]!;
    const small = Math.exp(-Math.abs(predictor));
    const probability = predictor >= 0 ? 1 / (1 + small) : small / (1 + small);
    out[0] = small / ((1 + small) * (1 + small));
    out[1] = label - probability;
    out[2] = Math.log1p(small) + (predictor >= 0 ? (1 - label) * predictor : -label * predictor);
  };

/**
 * Newton's method on the log-loss with a ridge, halving a step that does not lower the loss: the loss is convex, so it ends at its minimum.
 * @throws {InvalidArgumentError} TRAINING_NOT_CONVERGED when it does not within `iterationsMax`, or the classes are separated and the ridge is 0.
 */
export function* fitClassification(design: Design, target: Float64Array, options: LinearOptions): Steps<Fit> {
  const rule = logisticRule(target);
  const share = yield* meanSteps(target);
  let coefficients = new Float64Array(design.columns);
  coefficients[0] = Math.log(share / (1 - share));
  const sums = newSums(design.columns);
  const lossAt = function* (at: Float64Array): Steps<number> {
    yield* sumSteps(design, at, rule, sums);
    return sums.loss + addRidge(sums, at, options.ridge);
  };
  let loss = yield* lossAt(coefficients);
  for (let iteration = 1; iteration <= options.iterationsMax; iteration += 1) {
    const gradient = sums.vector.slice();
    const dropped = yield* solveSteps(sums.matrix, sums.vector);
    const step = sums.vector.slice();
    const decrement = step.reduce((sum, each, column) => sum + each * gradient[column]!, 0);
    if (decrement <= Math.max(DECREMENT_MAX, sums.rounding + Number.EPSILON * loss)) {
      const last = stepped(coefficients, step, 1);
      assertNotSeparated(design, last, options);
      return { coefficients: last, iterations: iteration, dropped };
    }
    const before = coefficients;
    const lossBefore = loss;
    for (let halving = 0; halving <= HALVINGS_MAX; halving += 1) {
      const factor = 0.5 ** halving;
      coefficients = stepped(before, step, factor);
      loss = yield* lossAt(coefficients);
      if (loss <= lossBefore - DECREASE_MIN * factor * decrement + sums.rounding) break;
    }
  }
  throw InvalidArgumentError.of(
    'options.iterationsMax',
    `the fit did not settle in ${options.iterationsMax} steps; raise it, or the ridge`,
    {
      reason: 'TRAINING_NOT_CONVERGED',
    },
  );
}

const stepped = (from: Float64Array, step: Float64Array, factor: number): Float64Array<ArrayBuffer> =>
  Float64Array.from(from, (value, column) => value + factor * step[column]!);

function assertNotSeparated(design: Design, coefficients: Float64Array, { ridge }: LinearOptions): void {
  if (ridge > 0) return;
  const column = coefficients.findIndex((coefficient, index) => index > 0 && Math.abs(coefficient) > SEPARATED);
  if (column < 0) return;
  throw InvalidArgumentError.of(
    'options.ridge',
    `'${columnName(design, column)}' separates the classes; set a ridge above 0`,
    {
      reason: 'TRAINING_NOT_CONVERGED',
    },
  );
}
