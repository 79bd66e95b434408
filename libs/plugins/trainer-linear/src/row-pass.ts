import type { Steps } from '@slipway/training';
import { standardised, type Design } from './design.ts';

/** Multiply-adds between two yields: about a millisecond. */
const PIECE_OPERATIONS = 400_000;

/** Sums over rows of what Newton's method needs. */
export interface Sums {
  /** Lower triangle, row-major: sum of weight * x * xᵀ. */
  readonly matrix: Float64Array;
  /** Sum of residual * x. */
  readonly vector: Float64Array;
  loss: number;
  /** Bound on the rounding in `loss`: losses that differ by less cannot be told apart. */
  rounding: number;
}

/** Rounding of the loss of a row itself: exp, log1p and a sum, each within an ulp or two. */
const LOSS_ULPS = 8;

/** Weight, residual and loss of a row, given its linear predictor. Writes into `out`: [weight, residual, loss]. */
export type RowRule = (row: number, predictor: number, out: Float64Array) => void;

/**
 * One pass over all rows. A row has one entry per feature and the intercept, so a pass costs rows * features² and not rows * columns².
 * The loss is summed with compensation (Neumaier): plain, a million rows of rounding would hide the last steps of a fit.
 * @param sums overwritten. Its order of additions is fixed: equal inputs give equal bits.
 */
export function* sumSteps(design: Design, coefficients: Float64Array, rule: RowRule, sums: Sums): Steps<void> {
  const { rows, columns, parts } = design;
  const width = parts.length + 1;
  const at = new Uint32Array(width);
  const value = new Float64Array(width).fill(1);
  const out = new Float64Array(3);
  const { matrix, vector } = sums;
  matrix.fill(0);
  vector.fill(0);
  let loss = 0;
  let lost = 0; // what `loss` could not hold
  let reach = 0; // sum of |residual| * |terms of the predictor|: how far a rounded predictor moves the loss
  const piece = Math.max(16, Math.floor(PIECE_OPERATIONS / (width * width)));
  for (let row = 0; row < rows; row += 1) {
    let predictor = coefficients[0] ?? 0;
    let magnitude = Math.abs(predictor);
    for (let part = 1; part < width; part += 1) {
      const from = parts[part - 1]!;
      if (from.kind === 'numeric') {
        at[part] = from.at;
        value[part] = standardised(from, row);
      } else at[part] = from.at + from.codes[row]!;
      const term = coefficients[at[part]!]! * value[part]!;
      predictor += term;
      magnitude += Math.abs(term);
    }
    rule(row, predictor, out);
    const weight = out[0]!;
    const residual = out[1]!;
    reach += Math.abs(residual) * magnitude;
    const sum = loss + out[2]!;
    lost += loss >= out[2]! ? loss - sum + out[2]! : out[2]! - sum + loss; // no row's loss is negative
    loss = sum;
    for (let i = 0; i < width; i += 1) {
      const base = at[i]! * columns; // parts lie in rising order, so this stays in the lower triangle
      const weighted = weight * value[i]!;
      vector[at[i]!]! += residual * value[i]!;
      for (let j = 0; j <= i; j += 1) matrix[base + at[j]!]! += weighted * value[j]!;
    }
    if (row % piece === piece - 1) yield piece;
  }
  sums.loss = loss + lost;
  sums.rounding = Number.EPSILON * (LOSS_ULPS * loss + width * reach);
  yield rows % piece;
}

/** Linear predictor of each row. */
export function* predictorSteps(design: Design, coefficients: Float64Array): Steps<Float64Array> {
  const predictors = new Float64Array(design.rows).fill(coefficients[0] ?? 0);
  for (const part of design.parts) {
    for (let row = 0; row < design.rows; row += 1) {
      predictors[row]! +=
        part.kind === 'numeric'
          ? coefficients[part.at]! * standardised(part, row)
          : coefficients[part.at + part.codes[row]!]!;
      if ((row & 0x7fff) === 0x7fff) yield 0;
    }
  }
  return predictors;
}
