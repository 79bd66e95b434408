/** Prior variance of the effect in units of the variance of a day. */
const PRIOR = 1;

/**
 * Evidence against "the mean is 0" after each day: the t e-process, a Bayes factor with the right-Haar prior on the scale and a normal prior of
 * variance g = 1 on effect over scale. With t the t statistic of n days and v = n - 1:
 * E_n = (1 + n g)^(-1/2) * ((1 + t²/v) / (1 + t²/(v (1 + n g))))^((v + 1)/2), and 1 for one day.
 *
 * Assumptions. Days are independent, normal, with one unknown variance; then the chance that E ever reaches 1/alpha is at most alpha. Means over
 * many units come close to that; with few days of heavy tails it is cautious. See Wang and Ramdas (2023), "Anytime-valid t-tests and confidence
 * sequences for Gaussian means with unknown variance"; Pérez-Ortiz, Lardy, de Heide, Grünwald (2024), "E-statistics, group invariance and anytime-valid
 * testing".
 *
 * @param differences one per day, in order; finite. @returns the e-value after each of them.
 */
export function tEvidence(differences: readonly number[]): readonly number[] {
  let [count, mean, squares] = [0, 0, 0];
  return differences.map((difference) => {
    count += 1;
    const before = difference - mean;
    mean += before / count;
    squares += before * (difference - mean); // Welford: no cancellation
    return evidenceOf(count, mean, squares);
  });
}

/** @param squares sum of squared deviations from the mean. */
function evidenceOf(count: number, mean: number, squares: number): number {
  if (count < 2) return 1;
  const shrink = 1 + count * PRIOR;
  // (1 + t²/v) / (1 + t²/(v shrink)) with t²/v = count mean² / squares; it stays finite when all days are equal
  const signal = count * mean * mean;
  const ratio = squares + signal > 0 ? (squares + signal) / (squares + signal / shrink) : 1;
  return shrink ** -0.5 * ratio ** (count / 2);
}
