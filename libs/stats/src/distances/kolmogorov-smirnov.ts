import type { TestResult } from './chi-square.ts';

/** Cells of the exact computation at most: it takes some tens of milliseconds then. */
const EXACT_CELLS_MAX = 10_000_000;

/**
 * Two-sample Kolmogorov-Smirnov test of raw values; two-sided. The p-value is exact (as if there were no ties) up to ten million pairs, asymptotic
 * with Stephens' correction above.
 * @param left, right at least one value each; NaN is not expected.
 */
export function kolmogorovSmirnov(left: Float64Array, right: Float64Array): TestResult {
  const statistic = largestGap(left.slice().sort(), right.slice().sort());
  const isExact = left.length * right.length <= EXACT_CELLS_MAX;
  return {
    statistic,
    pValue: isExact
      ? exactTail(statistic, left.length, right.length)
      : asymptoticTail(statistic, left.length, right.length),
  };
}

function largestGap(left: Float64Array, right: Float64Array): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < left.length && j < right.length) {
    const value = Math.min(left[i] ?? 0, right[j] ?? 0);
    while (i < left.length && left[i] === value) i += 1;
    while (j < right.length && right[j] === value) j += 1;
    largest = Math.max(largest, Math.abs(i / left.length - j / right.length));
  }
  return largest;
}

/**
 * Chance that a random order of m and n values reaches the gap (Hodges 1958): a walk over the lattice whose steps are drawn without replacement; what
 * first leaves the band is summed, so that small chances keep their digits.
 */
function exactTail(statistic: number, m: number, n: number): number {
  const common = (m * n) / gcd(m, n);
  const reach = Math.round(statistic * common); // |i/m - j/n| in steps of 1/common
  if (reach === 0) return 1;
  const [byLeft, byRight] = [common / m, common / n];
  const inside = new Float64Array(n + 1); // chances of the walk to be at (i, j) without having left, of the row i
  let left = 0;
  for (let i = 0; i <= m; i += 1) {
    for (let j = 0; j <= n; j += 1) {
      const remaining = m + n - i - j + 1; // before the step that leads here
      const fromBelow = i > 0 ? ((inside[j] ?? 0) * (m - i + 1)) / remaining : 0;
      const fromLeft = j > 0 ? ((inside[j - 1] ?? 0) * (n - j + 1)) / remaining : 0;
      const chance = i + j === 0 ? 1 : fromBelow + fromLeft;
      const isOut = Math.abs(i * byLeft - j * byRight) >= reach;
      if (isOut) left += chance;
      inside[j] = isOut ? 0 : chance;
    }
  }
  return Math.min(1, left);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Kolmogorov's limit 2 sum (-1)^(k-1) exp(-2 k^2 x^2) at x = (sqrt(e) + 0.12 + 0.11 / sqrt(e)) D, e = mn / (m + n) (Stephens 1970). */
export function asymptoticTail(statistic: number, m: number, n: number): number {
  const root = Math.sqrt((m * n) / (m + n));
  const x = (root + 0.12 + 0.11 / root) * statistic;
  if (x < 0.2) return 1; // 1 to 12 digits; the sum would need many terms
  let tail = 0;
  for (let k = 1; k <= 100; k += 1) {
    const term = 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
    tail += term;
    if (Math.abs(term) < 1e-17 * Math.abs(tail)) break;
  }
  return Math.min(1, Math.max(0, tail));
}
