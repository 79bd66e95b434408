import { insertSorted, medianOfSorted } from './running-median.ts';

/** How hard a bet on one day is, from careful to bold; the evidence is their mean, so that none has to be right. */
const BOLDNESS = [0.5, 1, 2, 4] as const;

/**
 * Evidence against "no unit is affected" after each day of an experiment that shares its units equally between two arms: a sign-flip e-process.
 *
 * With s the median of |d_1..d_t|, u_t = tanh(b |d_t| / s) sign(d_t), and E_t the mean over b in 0.5, 1, 2, 4 of (prod(1 + u) + prod(1 - u)) / 2.
 *
 * Assumptions. When no unit is affected, swapping the arms of all units of a day turns d_t into -d_t and nothing else, and is as likely: given the
 * magnitudes the signs are fair coins, E is a martingale that starts at 1, and the chance that it ever reaches 1/alpha is at most alpha (Ville 1939).
 * Nothing is assumed about the shape, the tails or the variance of the differences, and these may change from day to day. What has to hold: shares
 * are equal, and a unit counts on one day only (units that come back carry their arm from day to day). It is no test of "the mean is 0" for skewed
 * samples of another origin. See Ramdas, Grünwald, Vovk, Shafer (2023), "Game-theoretic statistics and safe anytime-valid inference", section 3.
 *
 * @param differences one per day, in order; finite. @returns the e-value after each of them; at n days at most about 2^(n-1).
 */
export function signFlipEvidence(differences: readonly number[]): readonly number[] {
  const magnitudes: number[] = [];
  const up = BOLDNESS.map(() => 1);
  const down = BOLDNESS.map(() => 1);
  return differences.map((difference) => {
    insertSorted(magnitudes, Math.abs(difference));
    const scale = medianOfSorted(magnitudes);
    let sum = 0;
    for (const [at, boldness] of BOLDNESS.entries()) {
      const bet = scale > 0 ? Math.tanh((boldness * difference) / scale) : Math.sign(difference);
      up[at] = (up[at] ?? 1) * (1 + bet);
      down[at] = (down[at] ?? 1) * (1 - bet);
      sum += ((up[at] ?? 1) + (down[at] ?? 1)) / 2;
    }
    return sum / BOLDNESS.length;
  });
}
