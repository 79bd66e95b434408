import { signFlipEvidence, tEvidence } from '@slipway/stats';
import { SHARE_TOTAL, type RoutingExperiment } from '../routing-experiment.ts';
import { sharedDifference, type DaySums } from './day-sums.ts';
import { alwaysValidP, daysText, meanOf, shown, type Judgement, type Verdict } from './judgement.ts';
import { SAMPLE_RATIO_P_MIN } from './sample-ratio.ts';

/**
 * Judges an A/B test. It decides on the first day, `daysMin` or later, on which the evidence reaches 1 / alpha, whether or not somebody looked that
 * day: a look that comes late finds what a daily one would have found. Equal shares are tested by sign flips, which need no assumption about days;
 * others by the t e-process.
 * @param days complete ones, in order. @param ratioP of the sample ratio.
 */
export function judgeAb(experiment: RoutingExperiment, days: readonly DaySums[], ratioP: number): Judgement {
  const { policy, share } = experiment;
  const evidence = share * 2 === SHARE_TOTAL ? signFlipEvidence : tEvidence;
  const all = days.map(sharedDifference);
  const whole = evidence(all);
  const end = ratioP < SAMPLE_RATIO_P_MIN ? undefined : endOf(experiment, whole);
  const used = end?.days ?? days.length;
  const [differences, path] = [all.slice(0, used), whole.slice(0, used)];
  const verdict = ratioP < SAMPLE_RATIO_P_MIN ? 'sample_ratio_mismatch' : (end?.verdict ?? 'continue');
  const difference = meanOf(differences);
  const winner = verdict === 'decide' ? experiment.arms[difference < 0 ? 1 : 0].name : '';
  const eValue = path.at(-1) ?? 1;
  const head = `${policy.metric} of '${experiment.arms[1].name}' minus '${experiment.arms[0].name}' is ${shown(difference)} a day over ${daysText(used)}`;
  const tail = `e-value ${shown(eValue)}, it decides at ${shown(1 / policy.alpha)}`;
  return {
    verdict,
    winner,
    days: days.slice(0, used),
    differences,
    evidence,
    eValue,
    pValue: alwaysValidP(path),
    guardrail: 0,
    guardrailThreshold: 0,
    tolerance: 0,
    explanation: `${head}; ${verdict === 'sample_ratio_mismatch' ? mismatch(ratioP) : tail}`,
  };
}

export const mismatch = (ratioP: number): string =>
  `nothing is decided: units are not shared as intended, p-value ${shown(ratioP)} of ${SAMPLE_RATIO_P_MIN}`;

function endOf(
  { policy: { alpha, daysMin, daysMax } }: RoutingExperiment,
  path: readonly number[],
): { readonly days: number; readonly verdict: Verdict } | undefined {
  for (const [index, eValue] of path.entries()) {
    const days = index + 1;
    if (days >= daysMin && eValue >= 1 / alpha) return { days, verdict: 'decide' };
    if (days === daysMax) return { days, verdict: 'undecided' };
  }
  return undefined;
}
