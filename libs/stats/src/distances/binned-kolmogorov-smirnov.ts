/**
 * Largest difference of the two cumulative shares at the edges of the bins: a lower bound of the Kolmogorov-Smirnov statistic of the raw values.
 * @param reference, current counts by bin, in the order of the values, of equal length. @returns 0 to 1; NaN when a side has no rows.
 */
export function binnedKolmogorovSmirnov(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let referenceRows = 0;
  let currentRows = 0;
  for (let bin = 0; bin < reference.length; bin += 1) {
    referenceRows += reference[bin] ?? 0;
    currentRows += current[bin] ?? 0;
  }
  if (referenceRows === 0 || currentRows === 0) return Number.NaN;
  let before = 0;
  let now = 0;
  let largest = 0;
  for (let bin = 0; bin < reference.length; bin += 1) {
    before += reference[bin] ?? 0;
    now += current[bin] ?? 0;
    largest = Math.max(largest, Math.abs(now / currentRows - before / referenceRows));
  }
  return largest;
}
