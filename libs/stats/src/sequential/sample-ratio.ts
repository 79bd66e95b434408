import { logGamma, upperGamma } from './gamma-function.ts';

/** How near the intended shares the alternatives lie, as counts of units in a Dirichlet prior; the evidence is their mean. */
const CONCENTRATIONS = [100, 1_000, 10_000, 100_000] as const;

/**
 * Evidence that units are not shared as intended: logarithm of the e-value of all units so far, a multinomial likelihood under Dirichlet priors
 * around the intended shares over that under the shares themselves, mean over four concentrations. It may be looked at after every unit: the chance
 * that it ever exceeds ln(1/alpha) is at most alpha when each new unit is shared independently with the intended shares. Logarithms of disjoint
 * sets of units add up. Infinite when an arm with share 0 has units. See Lindon and Malek (2022), "Anytime-valid inference for multinomial count
 * data".
 * @param counts units by arm. @param shares by arm, 0 or more, in any unit.
 */
export function sampleRatioEvidence(counts: readonly number[], shares: readonly number[]): number {
  const arms = armsOf(counts, shares);
  if (arms.some(({ count, share }) => share === 0 && count > 0)) return Number.POSITIVE_INFINITY;
  const live = arms.filter(({ share }) => share > 0);
  const units = live.reduce((sum, { count }) => sum + count, 0);
  const plain = live.reduce((sum, { count, share }) => sum + count * Math.log(share), 0);
  const logs = CONCENTRATIONS.map((concentration) => {
    const mixed = live.map(({ count, share }) => rising(concentration * share, count));
    return mixed.reduce((sum, each) => sum + each, 0) - rising(concentration, units) - plain;
  });
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - largest), 0) / logs.length);
}

/** ln Γ(from + count) - ln Γ(from). */
function rising(from: number, count: number): number {
  const whole = Math.max(0, Math.ceil(0.5 - from)); // the approximation begins at 1/2: the first factors by hand
  let sum = 0;
  for (let step = 0; step < Math.min(whole, count); step += 1) sum += Math.log(from + step);
  return count <= whole ? sum : sum + logGamma(from + count) - logGamma(from + whole);
}

/**
 * Pearson's chi-square p-value that units are shared as intended, for one look at a fixed time. Arms with share 0 are left out; 1 when fewer than
 * two remain or there are no units. Looking again and again needs `sampleRatioEvidence`.
 */
export function sampleRatioChi2(counts: readonly number[], shares: readonly number[]): number {
  const live = armsOf(counts, shares).filter(({ share }) => share > 0);
  const total = live.reduce((sum, { share }) => sum + share, 0);
  const units = live.reduce((sum, { count }) => sum + count, 0);
  if (live.length < 2 || units === 0) return 1;
  const statistic = live.reduce((sum, { count, share }) => {
    const expected = (units * share) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return upperGamma((live.length - 1) / 2, statistic / 2);
}

/** Shares add up to 1; arms that the counts do not have are left out. */
function armsOf(counts: readonly number[], shares: readonly number[]): readonly { count: number; share: number }[] {
  const arms = counts.map((count, arm) => ({ count, share: shares[arm] ?? 0 }));
  const total = arms.reduce((sum, { share }) => sum + share, 0);
  return arms.map(({ count, share }) => ({ count, share: share / total }));
}
