/** Counts by bin as they are, `(a - b) ln(a / b)` summed: infinite when a bin is empty on one side. For comparison with what others report. */
export function plainPopulationStability(reference: readonly number[], current: readonly number[]): number {
  const before = reference.reduce((sum, count) => sum + count, 0);
  const now = current.reduce((sum, count) => sum + count, 0);
  return reference.reduce((sum, count, bin) => {
    const [a, b] = [(current[bin] ?? 0) / now, count / before];
    return a === b ? sum : sum + (a - b) * Math.log(a / b);
  }, 0);
}

/**
 * Population stability index of two binned samples, less what chance alone gives it: about 0 without a shift, whatever the sizes.
 *
 * Shares are smoothed, `(count + 1/2) / (n + k/2)`, so that an empty bin costs no infinity (Laplace, with Jeffreys' 1/2). The sum of
 * `(a - b) ln(a / b)` over k bins is, for two samples of one population, near `(k - 1)(1/n + 1/m)` in the mean: subtracted (Yurdakul 2018).
 * Bins that are empty on both sides do not count as bins.
 * @param reference, current counts by bin, of equal length. @returns natural units; NaN when a side has no rows. Can be a little below 0.
 */
export function populationStability(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let bins = 0;
  let referenceRows = 0;
  let currentRows = 0;
  for (let bin = 0; bin < reference.length; bin += 1) {
    const [before, now] = [reference[bin] ?? 0, current[bin] ?? 0];
    referenceRows += before;
    currentRows += now;
    if (before > 0 || now > 0) bins += 1;
  }
  if (referenceRows === 0 || currentRows === 0) return Number.NaN;
  let sum = 0;
  for (let bin = 0; bin < reference.length; bin += 1) {
    const [before, now] = [reference[bin] ?? 0, current[bin] ?? 0];
    if (before === 0 && now === 0) continue;
    const a = (now + 0.5) / (currentRows + 0.5 * bins);
    const b = (before + 0.5) / (referenceRows + 0.5 * bins);
    sum += (a - b) * Math.log(a / b);
  }
  return sum - (bins - 1) * (1 / currentRows + 1 / referenceRows);
}
