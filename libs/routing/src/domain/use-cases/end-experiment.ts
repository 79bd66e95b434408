import { factOf, stop, type Change } from '../apply-verdict.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import { isRunning } from '../routing-experiment.ts';
import type { Call, RoutingTransaction } from '../unit-of-work.ts';
import { readExperiment, viewOf, type ExperimentView } from './experiment-view.ts';

/** Writes a change of an experiment, with what follows from it for its objective, its event and its audit row. */
export async function writeChange(
  tx: RoutingTransaction,
  change: Change,
  why: { readonly asOf: bigint; readonly explanation: string },
): Promise<void> {
  const { next, decision } = change;
  await tx.experiments.replace(next);
  if (!isRunning(next)) await release(tx, change);
  if (decision === undefined) return;
  tx.events.add(factOf(change, decision, why));
  tx.audit.add({
    action: `routing.experiments.${decision}`,
    resource: `routing-experiments/${next.id}`,
    details: { explanation: why.explanation },
  });
}

/** The objective goes back to its default, which is the alias that moved when the treatment won it. */
async function release(tx: RoutingTransaction, { next }: Change): Promise<void> {
  const objective = await tx.objectives.lock(next.objective);
  const isOurs = objective?.experiment === next.id;
  const isFree = objective?.experiment === '' && next.move === 'moved'; // its move was refused when it ended
  if (!objective || !(isOurs || isFree)) return;
  const { model } = next.arms[0].deployment;
  const deployment = next.move === 'moved' ? { model, alias: next.policy.alias } : objective.deployment;
  const revision = objective.revision + 1n;
  await tx.objectives.replace({ ...objective, deployment, experiment: '', revision, updateTime: tx.now });
}

/** Ends an experiment without a decision; one that has ended stays as it is. */
export const stopExperiment = (call: Call, id: string, { unitOfWork }: RoutingDependencies): Promise<ExperimentView> =>
  unitOfWork.run(call, async (tx) => {
    const experiment = await readExperiment(tx, id);
    if (!isRunning(experiment)) return viewOf(tx, experiment);
    const change = stop(experiment, tx.now);
    await writeChange(tx, change, { asOf: tx.now, explanation: `stopped by ${call.caller.principal}` });
    return viewOf(tx, change.next);
  });
