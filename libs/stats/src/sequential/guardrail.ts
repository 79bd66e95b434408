/** A day counts for no more than this many tolerances, good or bad: one broken day is not a broken model. */
const TOLERANCES_MAX = 3;

/**
 * Evidence that a new version has become worse than the one before, after each day: an e-detector of the CUSUM kind. With z_t the worsening of
 * day t in tolerances, cut at 3: M_t = max(1, M_(t-1)) exp(z_t - 1/2), M_0 = 1. Days before the change do not weigh it down.
 *
 * Assumptions. Without a fault the worsening of a day, given the days before, has mean 0 or less and is 1-subgaussian in tolerances (normal with a
 * standard deviation of one tolerance at most, say). Then stopping at M >= A means a false alarm after A days on average at least. See Shin, Ramdas,
 * Rinaldo (2024), "E-detectors: a nonparametric framework for sequential change detection".
 *
 * @param worsening mean loss of the new version minus that of the other one on the same rows, by day, in order; finite.
 * @param tolerance more than 0, in the same units. @returns the evidence after each day.
 */
export function guardrailEvidence(worsening: readonly number[], tolerance: number): readonly number[] {
  let evidence = 1;
  return worsening.map((each) => {
    const counted = Math.min(TOLERANCES_MAX, Math.max(-TOLERANCES_MAX, each / tolerance));
    evidence = Math.max(1, evidence) * Math.exp(counted - 0.5);
    return evidence;
  });
}

/**
 * Days until the guardrail stops a version that is worse by at least `tolerances` on each of them, whatever came before: at most
 * ceil(ln A / (k - 1/2)), k cut at 3. Infinite for half a tolerance or less.
 * @param falseAlarmDays the A of `guardrailEvidence`, at least 1.
 */
export function guardrailDelayMax(falseAlarmDays: number, tolerances: number): number {
  const gain = Math.min(TOLERANCES_MAX, tolerances) - 0.5;
  return gain > 0 ? Math.max(1, Math.ceil(Math.log(falseAlarmDays) / gain)) : Number.POSITIVE_INFINITY;
}
