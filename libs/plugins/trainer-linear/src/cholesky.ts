import type { Steps } from '@slipway/training';

/** A pivot this much smaller than its diagonal entry was is rounding: the column is a combination of earlier ones. */
const PIVOT_MIN = 1e-11;

/**
 * Solves `matrix * x = vector` for a symmetric positive semidefinite matrix.
 * @param matrix lower triangle, row-major, `size` squared; overwritten with its Cholesky factor.
 * @param vector overwritten with the solution.
 * @returns the columns that add nothing to earlier ones (or are all zero), ascending; their part of the solution is 0.
 */
export function* solveSteps(matrix: Float64Array, vector: Float64Array): Steps<readonly number[]> {
  const size = vector.length;
  const dropped: number[] = [];
  for (let i = 0; i < size; i += 1) {
    const row = i * size;
    const diagonal = matrix[row + i]!;
    for (let j = 0; j <= i; j += 1) {
      const other = j * size;
      let sum = matrix[row + j]!;
      for (let k = 0; k < j; k += 1) sum -= matrix[row + k]! * matrix[other + k]!;
      if (j < i) matrix[row + j] = matrix[other + j] === 0 ? 0 : sum / matrix[other + j]!;
      else if (sum > PIVOT_MIN * diagonal) matrix[row + i] = Math.sqrt(sum);
      else {
        matrix[row + i] = 0;
        dropped.push(i);
      }
    }
    if (i % 8 === 7) yield 0;
  }
  substitute(matrix, vector);
  return dropped;
}

function substitute(factor: Float64Array, vector: Float64Array): void {
  const size = vector.length;
  for (let i = 0; i < size; i += 1) {
    let sum = vector[i]!;
    for (let k = 0; k < i; k += 1) sum -= factor[i * size + k]! * vector[k]!;
    vector[i] = factor[i * size + i] === 0 ? 0 : sum / factor[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = vector[i]!;
    for (let k = i + 1; k < size; k += 1) sum -= factor[k * size + i]! * vector[k]!;
    vector[i] = factor[i * size + i] === 0 ? 0 : sum / factor[i * size + i]!;
  }
}
