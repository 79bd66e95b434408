import { experimentInvalid } from './errors.ts';
import type { Deployment, Objective } from './objective.ts';
import { isSameDeployment } from './objective.ts';
import { SHARE_TOTAL, type DecisionPolicy, type ExperimentKind } from './routing-experiment.ts';

/** An experiment as it is asked for; zeros and empty texts of the policy stand for the defaults. */
export interface ExperimentRequest {
  readonly name: string;
  readonly objective: string;
  readonly kind: ExperimentKind;
  readonly arms: readonly { readonly name: string; readonly deployment: Deployment; readonly weight: number }[];
  readonly policy: Omit<DecisionPolicy, 'metric'> & { readonly metric: string };
  readonly salt: string;
  readonly manual: boolean;
  readonly startTime: bigint | undefined;
}

type Policy = ExperimentRequest['policy'];

/** The policy with its defaults. @throws {InvalidArgumentError} naming the field and the fix. */
export function readPolicy({ kind, policy }: Pick<ExperimentRequest, 'kind' | 'policy'>): DecisionPolicy {
  const { metric } = policy;
  if (metric !== 'log_loss' && metric !== 'brier') {
    throw experimentInvalid('policy.metric', `is '${metric}'; use log_loss or brier`);
  }
  const daysMin = policy.daysMin === 0 ? 5 : policy.daysMin;
  const alpha = inRange('policy.alpha', policy.alpha === 0 ? 0.05 : policy.alpha, 1e-9, 0.5);
  const coverageMin = inRange('policy.coverage_min', policy.coverageMin === 0 ? 0.9 : policy.coverageMin, 1e-9, 1);
  const tolerance = inRange('policy.tolerance', policy.tolerance, 0, Number.MAX_VALUE);
  if (kind === 'ab' && policy.daysMax !== 0 && policy.daysMax < daysMin) {
    throw experimentInvalid(
      'policy.days_max',
      `is ${policy.daysMax} and days_min ${daysMin}; it ends before it can decide`,
    );
  }
  return {
    metric,
    alpha,
    daysMin,
    daysMax: policy.daysMax,
    coverageMin,
    alias: policy.alias,
    steps: readSteps(kind, policy),
    stepDays: policy.stepDays === 0 ? 2 : policy.stepDays,
    guardrailDays: policy.guardrailDays === 0 ? 90 : policy.guardrailDays,
    tolerance,
  };
}

function inRange(field: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw experimentInvalid(field, `is ${value}; it has to be from ${min} to ${max}`);
}

function readSteps(kind: ExperimentKind, { steps }: Policy): readonly number[] {
  if (kind === 'ab') {
    if (steps.length > 0) throw experimentInvalid('policy.steps', 'are for canaries; leave them out');
    return [];
  }
  if (steps.length === 0) throw experimentInvalid('policy.steps', 'a canary needs at least one, e.g. 50, 200, 500');
  for (const [index, step] of steps.entries()) {
    if (step <= (steps[index - 1] ?? 0)) {
      throw experimentInvalid(`policy.steps[${index}]`, `is ${step}; each step is larger than the one before`);
    }
  }
  return steps;
}

/** Share of the second arm at the start. @throws {InvalidArgumentError} when the arms do not make an experiment of this objective. */
export function readFirstShare(request: ExperimentRequest, policy: DecisionPolicy, objective: Objective): number {
  const [control, treatment, ...more] = request.arms;
  if (!control || !treatment || more.length > 0) {
    throw experimentInvalid('arms', `are ${request.arms.length}; send two, the control first`);
  }
  if (control.name === treatment.name) throw experimentInvalid('arms[1].name', 'is that of the control; names differ');
  if (!isSameDeployment(control.deployment, objective.deployment)) {
    const { model, alias } = objective.deployment;
    throw experimentInvalid('arms[0].deployment', `the control is what answers already: '${alias}' of '${model}'`);
  }
  if (policy.alias !== '' && control.deployment.model !== treatment.deployment.model) {
    throw experimentInvalid('policy.alias', 'can move between versions of one model only; leave it empty');
  }
  if (request.kind === 'canary') return policy.steps[0] ?? 0;
  if (control.weight < 1 || treatment.weight < 1 || control.weight + treatment.weight !== SHARE_TOTAL) {
    const sum = control.weight + treatment.weight;
    throw experimentInvalid(
      'arms',
      `have weights that add up to ${sum}; use two of 1 to 999 that add up to ${SHARE_TOTAL}`,
    );
  }
  return treatment.weight;
}
