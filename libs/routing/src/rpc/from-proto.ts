import type { UnitKey } from '@slipway/assignments';
import type { Column__Output } from '@slipway/contracts/slipway.common.v1';
import type {
  CreateRoutingExperimentRequest__Output,
  Deployment__Output,
  SetObjectiveRequest__Output,
} from '@slipway/contracts/slipway.routing.v1';
import { InvalidArgumentError, type Micros } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';
import { unitsInvalid } from '../domain/errors.ts';
import type { ExperimentRequest } from '../domain/experiment-rules.ts';
import type { Deployment } from '../domain/objective.ts';
import type { PageRequest } from '../domain/paging.ts';
import type { UnitColumn } from '../domain/units.ts';
import type { Call } from '../domain/unit-of-work.ts';
import type { ObjectiveRequest } from '../domain/use-cases/set-objective.ts';

const PAGE_SIZE_DEFAULT = 100;

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageRequestOf = (request: { page_size: number; page_token: string }): PageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

/** Microseconds; what is below one is cut. */
export const microsOf = (time: { readonly seconds: string; readonly nanos: number } | null): Micros | undefined =>
  time ? BigInt(time.seconds) * 1_000_000n + BigInt(Math.floor(time.nanos / 1000)) : undefined;

/** A required message: the contract refuses a call without it before this. */
function deploymentOf(deployment: Deployment__Output | null, field: string): Deployment {
  if (!deployment) throw InvalidArgumentError.of(field, 'is missing');
  return { model: deployment.model, alias: deployment.alias };
}

export const objectiveRequestOf = (request: SetObjectiveRequest__Output): ObjectiveRequest => ({
  name: request.name,
  description: request.description,
  deployment: deploymentOf(request.deployment, 'deployment'),
  unitKeys: request.unit_keys,
  shadows: request.shadows.map((shadow, index) => deploymentOf(shadow, `shadows[${index}]`)),
});

const KINDS: Partial<Record<string, ExperimentRequest['kind']>> = {
  EXPERIMENT_KIND_AB: 'ab',
  EXPERIMENT_KIND_CANARY: 'canary',
};

/** @throws {InvalidArgumentError} on a kind that there is not. */
export function experimentRequestOf(request: CreateRoutingExperimentRequest__Output): ExperimentRequest {
  const { policy } = request;
  const kind = KINDS[request.kind];
  if (!kind) throw InvalidArgumentError.of('kind', 'use EXPERIMENT_KIND_AB or EXPERIMENT_KIND_CANARY');
  if (!policy) throw InvalidArgumentError.of('policy', 'is missing');
  return {
    name: request.name,
    objective: request.objective,
    kind,
    arms: request.arms.map(({ name, deployment, weight }, index) => ({
      name,
      deployment: deploymentOf(deployment, `arms[${index}].deployment`),
      weight,
    })),
    policy: {
      metric: policy.metric,
      alpha: policy.alpha,
      daysMin: policy.days_min,
      daysMax: policy.days_max,
      coverageMin: policy.coverage_min,
      alias: policy.alias,
      steps: policy.steps,
      stepDays: policy.step_days,
      guardrailDays: policy.guardrail_days,
      tolerance: policy.tolerance,
    },
    salt: request.salt,
    manual: request.manual,
    startTime: microsOf(request.start_time),
  };
}

/** @throws {InvalidArgumentError} naming a column that holds nothing. */
export const unitColumnsOf = (columns: Readonly<Record<string, Column__Output>>): ReadonlyMap<string, UnitColumn> =>
  new Map(Object.entries(columns).map(([name, column]) => [name, unitColumnOf(name, column)]));

function unitColumnOf(name: string, column: Column__Output): UnitColumn {
  const { strings, integers, numbers, booleans, timestamps, nulls } = column;
  const marked = (values: readonly UnitKey[]): readonly UnitKey[] => {
    if (nulls.length > 0 && nulls.length !== values.length) {
      throw unitsInvalid(`units[${name}].nulls`, `has ${nulls.length} entries for ${values.length} values`);
    }
    return nulls.includes(true) ? values.map((value, row) => (nulls[row] ? null : value)) : values;
  };
  if (strings) return { type: 'string', values: marked(strings.values) };
  if (integers) return { type: 'integer', values: marked(integers.values.map(BigInt)) };
  if (timestamps) return { type: 'timestamp', values: marked(timestamps.values.map(BigInt)) };
  if (booleans) return { type: 'boolean', values: marked(booleans.values) };
  if (numbers) return { type: 'number', values: [] };
  throw unitsInvalid(`units[${name}]`, 'holds no values; set strings, integers, booleans or timestamps');
}
