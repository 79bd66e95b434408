import { shiftBounds } from '@slipway/stats';
import type { Micros } from '@slipway/kernel';
import type { RoutingExperiment } from '../routing-experiment.ts';
import type { DaySums } from './day-sums.ts';
import { judgeAb } from './judge-ab.ts';
import { judgeCanary } from './judge-canary.ts';
import { meanOf, type Judgement, type Verdict } from './judgement.ts';

/** What an experiment shows as of a time; kept, and never made again. */
export interface Analysis {
  readonly asOf: Micros;
  /** Those it rests on, then those that still wait for outcomes. */
  readonly days: readonly AnalysisDay[];
  readonly completeDays: number;
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
  readonly eValue: number;
  readonly pValue: number;
  readonly guardrail: number;
  readonly guardrailThreshold: number;
  readonly sampleRatioP: number;
  readonly verdict: Verdict;
  readonly winner: string;
  readonly explanation: string;
}

export type AnalysisDay = DaySums & { readonly complete: boolean };

/** @param days complete ones, in order. */
export const judge = (experiment: RoutingExperiment, days: readonly DaySums[], ratioP: number): Judgement =>
  (experiment.kind === 'ab' ? judgeAb : judgeCanary)(experiment, days, ratioP);

/** @param open days after those of the judgement, as they look now. */
export function describeJudgement(
  { policy }: RoutingExperiment,
  judgement: Judgement,
  { asOf, open, ratioP }: { readonly asOf: Micros; readonly open: readonly DaySums[]; readonly ratioP: number },
): Analysis {
  const { days, differences, evidence } = judgement;
  const { lower, upper } = shiftBounds(evidence, differences, policy.alpha);
  return {
    asOf,
    days: [...days.map((day) => ({ ...day, complete: true })), ...open.map((day) => ({ ...day, complete: false }))],
    completeDays: days.length,
    difference: meanOf(differences),
    lower,
    upper,
    eValue: judgement.eValue,
    pValue: judgement.pValue,
    guardrail: judgement.guardrail,
    guardrailThreshold: judgement.guardrailThreshold,
    sampleRatioP: ratioP,
    verdict: judgement.verdict,
    winner: judgement.winner,
    explanation: judgement.explanation,
  };
}
