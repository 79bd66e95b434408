import { guardrailEvidence, tEvidence } from '@slipway/stats';
import type { RoutingExperiment } from '../routing-experiment.ts';
import { dayStart } from './day.ts';
import { meanLoss, pairedDifference, type DaySums } from './day-sums.ts';
import { mismatch } from './judge-ab.ts';
import { alwaysValidP, daysText, meanOf, shown, type Judgement, type Verdict } from './judgement.ts';
import { SAMPLE_RATIO_P_MIN } from './sample-ratio.ts';

/** What a day without a fault may show when the policy does not say: this part of the loss of the control. */
const TOLERANCE_PART = 0.01;

/**
 * Judges a canary by its guardrail on days whose rows both versions scored. The guardrail comes before everything: it acts on the first day that
 * reaches its threshold, also when units are not shared as intended. A look takes one step at most, for days of the next one begin after it.
 * @param days complete ones, in order. @param ratioP of the sample ratio.
 */
export function judgeCanary(experiment: RoutingExperiment, days: readonly DaySums[], ratioP: number): Judgement {
  const { policy, arms } = experiment;
  const tolerance = toleranceOf(experiment, days);
  const all = days.map(pairedDifference);
  const alarm = guardrailEvidence(all, tolerance);
  const stop = alarm.findIndex((each) => each >= policy.guardrailDays);
  const used = stop < 0 ? days.length : stop + 1;
  const differences = all.slice(0, used);
  const path = tEvidence(differences);
  const verdict = stop >= 0 ? 'roll_back' : verdictOf(experiment, days, ratioP);
  const guardrail = alarm[used - 1] ?? 1;
  const winner = verdict === 'decide' ? arms[1].name : verdict === 'roll_back' ? arms[0].name : '';
  const head = `${policy.metric} of '${arms[1].name}' minus '${arms[0].name}' on the same rows is ${shown(meanOf(differences))} a day over ${daysText(used)}`;
  const tail = `guardrail ${shown(guardrail)}, it acts at ${shown(policy.guardrailDays)}; a day counts by ${shown(tolerance)}`;
  return {
    verdict,
    winner,
    days: days.slice(0, used),
    differences,
    evidence: tEvidence,
    eValue: path.at(-1) ?? 1,
    pValue: alwaysValidP(path),
    guardrail,
    guardrailThreshold: policy.guardrailDays,
    tolerance,
    explanation: `${head}; ${verdict === 'sample_ratio_mismatch' ? mismatch(ratioP) : tail}`,
  };
}

/** Frozen at the first complete day: later days must not move the line that they are held to. */
function toleranceOf({ policy, tolerance }: RoutingExperiment, days: readonly DaySums[]): number {
  if (tolerance > 0) return tolerance;
  if (policy.tolerance > 0) return policy.tolerance;
  const [first] = days;
  // a control without any loss leaves no scale: then any worsening counts in full
  return first ? Math.max(TOLERANCE_PART * meanLoss(first.control), Number.MIN_VALUE) : 0;
}

function verdictOf(experiment: RoutingExperiment, days: readonly DaySums[], ratioP: number): Verdict {
  if (ratioP < SAMPLE_RATIO_P_MIN) return 'sample_ratio_mismatch';
  const { policy, state, stepTime } = experiment;
  const inStep = days.filter(({ day }) => dayStart(day) >= stepTime).length;
  if (state === 'running') return inStep >= policy.stepDays ? 'next_step' : 'continue';
  const isWatched = policy.daysMax > 0 && inStep >= policy.daysMax && days.length >= policy.daysMin;
  return isWatched ? 'decide' : 'continue';
}
