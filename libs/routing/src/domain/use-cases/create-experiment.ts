import type { Micros } from '@slipway/kernel';
import { factOf } from '../apply-verdict.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import { armNotDeployed, objectiveInExperiment, objectiveNotFound } from '../errors.ts';
import { readFirstShare, readPolicy, type ExperimentRequest } from '../experiment-rules.ts';
import type { Deployment, Objective } from '../objective.ts';
import type { CallScope } from '../ports.ts';
import { HASH_VERSION, type Arm, type DecisionPolicy, type RoutingExperiment } from '../routing-experiment.ts';
import type { Call, RoutingTransaction } from '../unit-of-work.ts';
import { viewOf, type ExperimentView } from './experiment-view.ts';
import { getObjective } from './set-objective.ts';

/**
 * Begins an experiment; the versions that its aliases name now are what it compares.
 * @throws {FailedPreconditionError} reason OBJECTIVE_IN_EXPERIMENT or ARM_NOT_DEPLOYED. @throws {InvalidArgumentError} reason EXPERIMENT_INVALID.
 */
export async function createExperiment(
  call: Call,
  request: ExperimentRequest,
  requestId: string,
  deps: RoutingDependencies,
  signal: AbortSignal,
): Promise<ExperimentView> {
  // a repeat of a request gets its first answer whatever has become of arms and registry since
  const prepared = await prepare(call, request, deps, signal).catch((error: unknown) => ({ error }));
  return deps.unitOfWork.run(call, (tx) =>
    tx.once('CreateRoutingExperiment', requestId, request, async () => {
      if ('error' in prepared) throw prepared.error;
      const objective = await tx.objectives.lock(request.objective);
      if (!objective) throw objectiveNotFound(request.objective);
      if (objective.experiment !== '') throw objectiveInExperiment(objective.name, objective.experiment);
      const share = readFirstShare(request, prepared.policy, objective);
      const experiment = beginning(call, request, { ...prepared, share, now: tx.now }, deps);
      await begin(tx, objective, experiment);
      return viewOf(tx, experiment);
    }),
  );
}

interface Prepared {
  readonly policy: DecisionPolicy;
  readonly arms: readonly [Arm, Arm];
  /** That the arms have now. */
  readonly versions: readonly [bigint, bigint];
  readonly aliasRevision: bigint;
}

/** What has to be asked of others, outside of the transaction. */
async function prepare(
  call: Call,
  request: ExperimentRequest,
  deps: RoutingDependencies,
  signal: AbortSignal,
): Promise<Prepared> {
  const policy = readPolicy(request);
  readFirstShare(request, policy, await getObjective(call, request.objective, deps));
  const arms = request.arms.map(({ name, deployment }) => ({ name, deployment })) as unknown as readonly [Arm, Arm];
  const { requestId, traceparent } = call;
  const scope = { workspace: call.caller.workspace, requestId, traceparent, signal };
  return { policy, arms, ...(await pin(arms, policy, deps, scope)) };
}

async function begin(tx: RoutingTransaction, objective: Objective, experiment: RoutingExperiment): Promise<void> {
  const { id, name, kind, arms, share, startTime: asOf } = experiment;
  await tx.experiments.insert(experiment);
  const revision = objective.revision + 1n;
  await tx.objectives.replace({ ...objective, experiment: id, revision, updateTime: tx.now });
  const explanation = `'${arms[1].name}' gets ${share} of 1000 units`;
  tx.events.add(factOf({ next: experiment, decision: 'started' }, 'started', { asOf, explanation }));
  tx.audit.add({
    action: 'routing.experiments.create',
    resource: `routing-experiments/${id}`,
    details: { name, objective: objective.name, kind },
  });
}

async function pin(
  [control, treatment]: readonly [Arm, Arm],
  policy: DecisionPolicy,
  { aliases }: RoutingDependencies,
  scope: CallScope,
): Promise<Pick<Prepared, 'versions' | 'aliasRevision'>> {
  const versionOf = async (deployment: Deployment): Promise<bigint> => {
    const { version } = await aliases.read(deployment, scope);
    if (version === undefined) throw armNotDeployed(deployment.model, deployment.alias);
    return version;
  };
  const versions = [await versionOf(control.deployment), await versionOf(treatment.deployment)] as const;
  if (policy.alias === '') return { versions, aliasRevision: 0n };
  const target = await aliases.read({ model: control.deployment.model, alias: policy.alias }, scope);
  return { versions, aliasRevision: target.revision };
}

function beginning(
  { caller }: Call,
  request: ExperimentRequest,
  parts: Prepared & { readonly share: number; readonly now: Micros },
  { ids }: RoutingDependencies,
): RoutingExperiment {
  const { policy, arms, share, now, versions, aliasRevision } = parts;
  const startTime = request.startTime ?? now;
  return {
    id: ids.next(),
    name: request.name,
    objective: request.objective,
    kind: request.kind,
    arms,
    policy,
    salt: request.salt === '' ? ids.next() : request.salt,
    hashVersion: HASH_VERSION,
    state: 'running',
    share,
    revision: 1n,
    sequence: 1n,
    step: 0,
    stepTime: startTime,
    manual: request.manual,
    startTime,
    endTime: undefined,
    createTime: now,
    principal: caller.principal,
    versions,
    aliasRevision,
    tolerance: 0,
    winner: '',
    move: 'none',
    decisionError: '',
  };
}
