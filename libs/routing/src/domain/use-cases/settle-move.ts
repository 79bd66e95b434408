import { applyMove } from '../apply-verdict.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import type { CallScope } from '../ports.ts';
import type { RoutingExperiment } from '../routing-experiment.ts';
import type { Call } from '../unit-of-work.ts';
import { writeChange } from './end-experiment.ts';
import { readExperiment } from './experiment-view.ts';

/**
 * Moves the alias of an experiment whose treatment won, if that is still to be done. The decision is kept before it is tried: a process that ends
 * in between leaves the rest to the next look, which asks the registry with the same request id.
 * @throws {UnavailableError} when the registry does not answer. @throws {ConflictError} when another process settled it meanwhile.
 */
export async function settleMove(call: Call, id: string, deps: RoutingDependencies, scope: CallScope): Promise<void> {
  const { experiment, decision } = await deps.unitOfWork.read(call.caller, async (reads) => ({
    experiment: await readExperiment(reads, id),
    decision: await reads.analyses.newest(id),
  }));
  if (!decision || (experiment.move !== 'pending' && experiment.move !== 'refused')) return;
  const refusal = await move(experiment, deps, scope);
  if (experiment.move === 'refused' && refusal === experiment.decisionError) return;
  const change = applyMove(experiment, refusal, decision.asOf);
  await deps.unitOfWork.run(call, (tx) => writeChange(tx, change, decision));
}

function move(
  { id, arms, policy, versions, aliasRevision }: RoutingExperiment,
  { aliases }: RoutingDependencies,
  scope: CallScope,
): Promise<string> {
  const deployment = { model: arms[0].deployment.model, alias: policy.alias };
  const order = { deployment, version: versions[1], expectedRevision: aliasRevision, moveId: `decision-${id}` };
  return aliases.move(order, scope);
}
