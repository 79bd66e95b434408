import type {
  ArmDay as ArmDayMessage,
  Assignment as AssignmentMessage,
  ExperimentAnalysis as ExperimentAnalysisMessage,
  Objective as ObjectiveMessage,
  RoutingExperiment as RoutingExperimentMessage,
} from '@slipway/contracts/slipway.routing.v1';
import type { Micros } from '@slipway/kernel';
import type { Analysis, AnalysisDay } from '../domain/analysis/analysis.ts';
import { meanLoss, type ArmSums } from '../domain/analysis/day-sums.ts';
import type { Objective } from '../domain/objective.ts';
import { sharesOf, type ExperimentState, type RoutingExperiment } from '../domain/routing-experiment.ts';
import type { SignedDecision } from '../domain/use-cases/assign-units.ts';
import type { ExperimentView } from '../domain/use-cases/experiment-view.ts';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
}

export const toObjectiveMessage = (objective: Objective): ObjectiveMessage => ({
  name: objective.name,
  description: objective.description,
  deployment: objective.deployment,
  unit_keys: [...objective.unitKeys],
  experiment: objective.experiment,
  revision: objective.revision.toString(),
  update_time: toTimestamp(objective.updateTime),
  shadows: [...objective.shadows],
});

export const toAssignmentMessage = (decision: SignedDecision): AssignmentMessage => ({
  experiment: decision.experiment,
  arm: decision.arm,
  deployment: decision.deployment,
  propensity: decision.propensity,
  unit_hash: decision.unitHash,
  token: decision.token,
  known: decision.known,
  shadows: [...decision.shadows],
});

const STATES = {
  running: 'EXPERIMENT_STATE_RUNNING',
  watching: 'EXPERIMENT_STATE_WATCHING',
  decided: 'EXPERIMENT_STATE_DECIDED',
  'rolled-back': 'EXPERIMENT_STATE_ROLLED_BACK',
  undecided: 'EXPERIMENT_STATE_UNDECIDED',
  stopped: 'EXPERIMENT_STATE_STOPPED',
} as const satisfies Record<ExperimentState, string>;

export function toExperimentMessage({ experiment, counts, analysis }: ExperimentView): RoutingExperimentMessage {
  const { arms } = experiment;
  const shares = sharesOf(experiment);
  const total = (arm: 'control' | 'treatment'): string =>
    counts.reduce((sum, count) => sum + BigInt(count[arm]), 0n).toString();
  return {
    id: experiment.id,
    name: experiment.name,
    objective: experiment.objective,
    kind: experiment.kind === 'ab' ? 'EXPERIMENT_KIND_AB' : 'EXPERIMENT_KIND_CANARY',
    arms: arms.map((arm, index) => ({ ...arm, weight: shares[index] ?? 0 })),
    policy: toPolicyMessage(experiment),
    salt: experiment.salt,
    hash_version: experiment.hashVersion,
    state: STATES[experiment.state],
    revision: experiment.revision.toString(),
    step: experiment.step,
    manual: experiment.manual,
    start_time: toTimestamp(experiment.startTime),
    end_time: experiment.endTime === undefined ? null : toTimestamp(experiment.endTime),
    exposures: { [arms[0].name]: total('control'), [arms[1].name]: total('treatment') },
    analysis: analysis ? toAnalysisMessage(analysis, experiment) : null,
    principal: experiment.principal,
    decision_error: experiment.decisionError,
  };
}

const toPolicyMessage = ({ policy, tolerance }: RoutingExperiment): RoutingExperimentMessage['policy'] => ({
  metric: policy.metric,
  alpha: policy.alpha,
  days_min: policy.daysMin,
  days_max: policy.daysMax,
  coverage_min: policy.coverageMin,
  alias: policy.alias,
  steps: [...policy.steps],
  step_days: policy.stepDays,
  guardrail_days: policy.guardrailDays,
  tolerance: tolerance > 0 ? tolerance : policy.tolerance,
});

const toAnalysisMessage = (analysis: Analysis, { arms }: RoutingExperiment): ExperimentAnalysisMessage => ({
  ...toSummaryMessage(analysis),
  days: analysis.days.flatMap((day) => [
    toArmDay(day, arms[0].name, day.control),
    toArmDay(day, arms[1].name, day.treatment),
  ]),
});

/** An analysis without its days. */
export const toSummaryMessage = (analysis: Analysis): ExperimentAnalysisMessage => ({
  as_of: toTimestamp(analysis.asOf),
  complete_days: analysis.completeDays,
  difference: analysis.difference,
  lower: analysis.lower,
  upper: analysis.upper,
  e_value: analysis.eValue,
  p_value: analysis.pValue,
  guardrail: analysis.guardrail,
  guardrail_threshold: analysis.guardrailThreshold,
  sample_ratio_p: analysis.sampleRatioP,
  verdict: analysis.verdict,
  winner: analysis.winner,
  explanation: analysis.explanation,
});

const toArmDay = ({ day, complete }: AnalysisDay, arm: string, sums: ArmSums): ArmDayMessage => ({
  day,
  arm,
  rows: String(sums.rows),
  labelled_rows: String(sums.labelledRows),
  mean_loss: meanLoss(sums),
  complete,
});
