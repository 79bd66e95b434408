/** Raw values of a sample, with a weight each where they are not all alike. NaN is not expected. */
export interface Sample {
  readonly values: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

/**
 * Integral of |F - G|^power over the line, F and G the distribution functions of two samples.
 */
function integrate(left: Sample, right: Sample, power: 1 | 2): number {
  const points = [...pointsOf(left, 1), ...pointsOf(right, -1)].sort((a, b) => a.value - b.value);
  let difference = 0;
  let total = 0;
  for (const [index, { value, step }] of points.entries()) {
    difference += step;
    const next = points[index + 1]?.value ?? value;
    if (next > value) total += Math.abs(difference) ** power * (next - value);
  }
  return total;
}

function pointsOf({ values, weights }: Sample, sign: 1 | -1): { value: number; step: number }[] {
  const total = weights ? Array.from(weights).reduce((sum, weight) => sum + weight, 0) : values.length;
  return Array.from(values, (value, row) => ({ value, step: (sign * (weights?.[row] ?? 1)) / total }));
}

/** Wasserstein (earth mover's) distance of order 1, in the unit of the values. Sorts copies of both samples. */
export const wassersteinDistance = (left: Sample, right: Sample): number => integrate(left, right, 1);

/** Energy distance (Szekely and Rizzo): the root of twice the integral of (F - G)^2. */
export const energyDistance = (left: Sample, right: Sample): number => Math.sqrt(2 * integrate(left, right, 2));
