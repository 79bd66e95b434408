/** Columns of equal length, standardised, the first one all ones. */
export type Design = readonly Float64Array[];

/** Weighted least squares with `ridge` times the squared coefficients (but for the first): the one step that both kinds of regression take. */
export function leastSquares(design: Design, weights: Float64Array, target: Float64Array, ridge: number): Float64Array {
  const size = design.length;
  const rows = target.length;
  const system = design.map((left, at) => {
    const line = new Float64Array(size + 1);
    for (let other = 0; other < size; other++) {
      const right = design[other]!;
      let sum = at === other && at > 0 ? ridge : 0;
      for (let row = 0; row < rows; row++) sum += weights[row]! * left[row]! * right[row]!;
      line[other] = sum;
    }
    for (let row = 0; row < rows; row++) line[size]! += weights[row]! * left[row]! * target[row]!;
    return line;
  });
  return solve(system);
}

/** Gaussian elimination with pivots; `system` is n lines of n coefficients and the right side, positive definite through the ridge. */
function solve(system: Float64Array[]): Float64Array {
  const size = system.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let line = column + 1; line < size; line++) {
      if (Math.abs(system[line]![column]!) > Math.abs(system[pivot]![column]!)) pivot = line;
    }
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    const base = system[column]!;
    for (let line = 0; line < size; line++) {
      if (line === column) continue;
      const factor = system[line]![column]! / base[column]!;
      for (let at = column; at <= size; at++) system[line]![at]! -= factor * base[at]!;
    }
  }
  return Float64Array.from(system, (line, at) => line[size]! / line[at]!);
}

/** One value per row: the sum of coefficient times column. */
export function predict(design: Design, coefficients: Float64Array): Float64Array {
  const result = new Float64Array(design[0]?.length ?? 0);
  for (const [at, column] of design.entries()) {
    const coefficient = coefficients[at] ?? 0;
    for (let row = 0; row < result.length; row++) result[row]! += coefficient * column[row]!;
  }
  return result;
}

export const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** A weight below this would divide by almost nothing; the row is as certain as a float can say. */
const WEIGHT_MIN = 1e-9;

/** One step of Newton's method for the logistic loss, as the weighted least squares that it is. */
export function logisticStep(
  design: Design,
  coefficients: Float64Array,
  labels: Float64Array,
  ridge: number,
): Float64Array {
  const scores = predict(design, coefficients);
  const weights = scores.map((score) => Math.max(WEIGHT_MIN, sigmoid(score) * (1 - sigmoid(score))));
  const target = scores.map((score, row) => score + (labels[row]! - sigmoid(score)) / weights[row]!);
  return leastSquares(design, weights, target, ridge);
}
