import type { Micros } from '@slipway/kernel';
import type { Judgement } from './analysis/judgement.ts';
import type { DecisionMadeFact, DecisionWord } from './facts.ts';
import {
  SHARE_TOTAL,
  leadingArm,
  type AliasMove,
  type ExperimentState,
  type RoutingExperiment,
} from './routing-experiment.ts';

/** An experiment as it is from now on, and what to tell about it; no word when there is nothing to tell. */
export interface Change {
  readonly next: RoutingExperiment;
  readonly decision: DecisionWord | undefined;
}

const changed = (experiment: RoutingExperiment, fields: Partial<RoutingExperiment>): RoutingExperiment => ({
  ...experiment,
  ...fields,
  sequence: experiment.sequence + 1n,
});

/** Ends it. @param share of the second arm from now on. */
const ended = (
  experiment: RoutingExperiment,
  end: { readonly state: ExperimentState; readonly share: number; readonly time: Micros },
  fields: Partial<RoutingExperiment> = {},
): RoutingExperiment =>
  changed(experiment, {
    state: end.state,
    share: end.share,
    revision: experiment.revision + 1n,
    endTime: end.time,
    ...fields,
  });

/** What follows from a verdict. A treatment that won waits for its alias: `applyMove` ends the experiment. */
export function applyVerdict(before: RoutingExperiment, judgement: Judgement, asOf: Micros): Change {
  const experiment = { ...before, tolerance: judgement.tolerance };
  const { winner } = judgement;
  switch (judgement.verdict) {
    case 'continue':
    case 'sample_ratio_mismatch':
      return { next: changed(experiment, {}), decision: undefined };
    case 'next_step':
      return nextStep(experiment, asOf);
    case 'roll_back':
      return {
        next: ended(experiment, { state: 'rolled-back', share: 0, time: asOf }, { winner }),
        decision: 'rolled_back',
      };
    case 'undecided':
      return { next: ended(experiment, { state: 'undecided', share: 0, time: asOf }), decision: 'undecided' };
    case 'decide':
      return decided(experiment, winner, asOf);
  }
}

function nextStep(experiment: RoutingExperiment, asOf: Micros): Change {
  const step = experiment.step + 1;
  const share = experiment.policy.steps[step];
  if (share === undefined) {
    return { next: changed(experiment, { state: 'watching', stepTime: asOf }), decision: 'watching' };
  }
  const revision = experiment.revision + 1n;
  return { next: changed(experiment, { step, share, revision, stepTime: asOf }), decision: 'next_step' };
}

function decided(experiment: RoutingExperiment, winner: string, asOf: Micros): Change {
  const isTreatment = winner === experiment.arms[1].name;
  if (isTreatment && experiment.policy.alias !== '') {
    return { next: changed(experiment, { winner, move: 'pending' }), decision: undefined };
  }
  const share = isTreatment ? SHARE_TOTAL : 0;
  return { next: ended(experiment, { state: 'decided', share, time: asOf }, { winner }), decision: 'decided' };
}

/** What became of the alias. @param refusal empty when it names the winner now. @param asOf the time of the decision. */
export function applyMove(experiment: RoutingExperiment, refusal: string, asOf: Micros): Change {
  const move: AliasMove = refusal === '' ? 'moved' : 'refused';
  const fields = { move, decisionError: refusal };
  if (experiment.move === 'pending') {
    const end = { state: 'decided', share: SHARE_TOTAL, time: asOf } as const;
    return { next: ended(experiment, end, fields), decision: 'decided' };
  }
  return { next: changed(experiment, fields), decision: move === 'moved' ? 'decided' : undefined };
}

export const stop = (experiment: RoutingExperiment, now: Micros): Change => ({
  next: ended(experiment, { state: 'stopped', share: 0, time: now }, { move: 'none', winner: '' }),
  decision: 'stopped',
});

/** The fact of a change. */
export function factOf(
  { next }: Change,
  decision: DecisionWord,
  { asOf, explanation }: { readonly asOf: Micros; readonly explanation: string },
): DecisionMadeFact {
  const hasMoved = next.move === 'moved';
  return {
    kind: 'decision-made',
    experiment: next.id,
    name: next.name,
    objective: next.objective,
    decision,
    arm: decision === 'undecided' || decision === 'stopped' ? '' : leadingArm(next).name,
    weight: next.share,
    alias: hasMoved ? next.policy.alias : '',
    version: hasMoved ? next.versions[1] : 0n,
    asOf,
    explanation,
  };
}
