import { normalQuantile } from '../distributions/normal.ts';

/** Indexes of the p-values, least first. */
const ascending = (pValues: readonly number[]): number[] =>
  pValues.map((_, index) => index).sort((left, right) => (pValues[left] ?? 0) - (pValues[right] ?? 0));

/** Adjusted p-values of Holm 1979, in the order given: comparing them with alpha bounds the chance of any false discovery by alpha. */
export function holm(pValues: readonly number[]): readonly number[] {
  const adjusted = pValues.slice();
  let highest = 0;
  for (const [rank, index] of ascending(pValues).entries()) {
    highest = Math.max(highest, Math.min(1, (pValues[index] ?? 0) * (pValues.length - rank)));
    adjusted[index] = highest;
  }
  return adjusted;
}

/** Adjusted p-values of Benjamini and Hochberg 1995, in the order given: comparing them with alpha bounds the expected share of false discoveries. */
export function benjaminiHochberg(pValues: readonly number[]): readonly number[] {
  const adjusted = pValues.slice();
  let least = 1;
  for (const [back, index] of ascending(pValues).reverse().entries()) {
    const rank = pValues.length - back;
    least = Math.min(least, ((pValues[index] ?? 0) * pValues.length) / rank);
    adjusted[index] = least;
  }
  return adjusted;
}

/** The interval that fits an adjusted p-value: its standard error is the one that gives that p. @param pAdjusted in (0, 1). */
export function adjustedInterval(
  effect: number,
  pAdjusted: number,
  alpha: number,
): readonly [lower: number, upper: number] {
  const standardError = Math.abs(effect) / normalQuantile(1 - pAdjusted / 2);
  const half = normalQuantile(1 - alpha / 2) * standardError;
  return [effect - half, effect + half];
}
