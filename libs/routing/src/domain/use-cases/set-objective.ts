import { InvalidArgumentError } from '@slipway/kernel';
import type { RoutingDependencies } from '../dependencies.ts';
import { objectiveInExperiment, objectiveNotFound } from '../errors.ts';
import { isSameDeployment, type Deployment, type Objective } from '../objective.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call, RoutingTransaction } from '../unit-of-work.ts';

export interface ObjectiveRequest {
  readonly name: string;
  readonly description: string;
  readonly deployment: Deployment;
  readonly unitKeys: readonly string[];
  readonly shadows: readonly Deployment[];
}

/**
 * Creates an objective or changes it.
 * @throws {FailedPreconditionError} reason OBJECTIVE_IN_EXPERIMENT when another deployment or other keys are asked for while an experiment runs.
 */
export async function setObjective(
  call: Call,
  request: ObjectiveRequest,
  requestId: string,
  { unitOfWork }: RoutingDependencies,
): Promise<Objective> {
  const unitKeys = request.unitKeys.toSorted();
  const twice = unitKeys.find((key, index) => key === unitKeys[index + 1]);
  if (twice !== undefined) throw InvalidArgumentError.of('unit_keys', `name '${twice}' twice`);
  const asked = { ...request, unitKeys };
  return unitOfWork.run(call, (tx) =>
    tx.once('SetObjective', requestId, request, async () => {
      const objective = await write(tx, asked);
      tx.audit.add({
        action: 'routing.objectives.set',
        resource: `objectives/${objective.name}`,
        details: { model: objective.deployment.model, alias: objective.deployment.alias },
      });
      return objective;
    }),
  );
}

async function write(tx: RoutingTransaction, request: ObjectiveRequest): Promise<Objective> {
  const before = await tx.objectives.lock(request.name);
  if (!before) {
    const first = { ...request, experiment: '', revision: 1n, updateTime: tx.now };
    await tx.objectives.insert(first);
    return first;
  }
  const isSame =
    isSameDeployment(before.deployment, request.deployment) && before.unitKeys.join() === request.unitKeys.join();
  if (before.experiment !== '' && !isSame) throw objectiveInExperiment(before.name, before.experiment);
  const next = { ...before, ...request, revision: before.revision + 1n, updateTime: tx.now };
  await tx.objectives.replace(next);
  return next;
}

/** @throws {NotFoundError} */
export async function getObjective({ caller }: Call, name: string, deps: RoutingDependencies): Promise<Objective> {
  const found = await deps.unitOfWork.read(caller, ({ objectives }) => objectives.get(name));
  if (!found) throw objectiveNotFound(name);
  return found;
}

export const listObjectives = (
  { caller }: Call,
  page: PageRequest,
  { unitOfWork }: RoutingDependencies,
): Promise<Page<Objective>> => unitOfWork.read(caller, ({ objectives }) => objectives.list(page));
