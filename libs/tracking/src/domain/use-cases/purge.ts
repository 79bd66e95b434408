import type { TrackingDependencies } from '../dependencies.ts';
import { notDeleted } from '../errors.ts';
import { lockExperiment, lockRun, runResource } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

/**
 * Removes a deleted run for ever, with those of its logged models that are deleted. Its files go soon after, also when this process dies. Versions of
 * registered models stay whole: the registry has packages of its own.
 * @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason NOT_DELETED.
 */
export async function purgeRun(
  call: Call,
  { runId }: { readonly runId: string },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const run = await lockRun(tx, runId);
    if (!run.deleted) throw notDeleted(`run ${runId}`);
    await tx.purge.run(run);
    tx.audit.add({ action: 'tracking.runs.purge', resource: runResource(run), details: { name: run.name } });
  });
}

/**
 * Removes a deleted experiment for ever: its runs, datasets and logged models. Its files go soon after, also when this process dies. Versions of
 * registered models stay whole: the registry has packages of its own.
 * @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND. @throws {FailedPreconditionError} reason NOT_DELETED.
 */
export async function purgeExperiment(
  call: Call,
  { id }: { readonly id: bigint },
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<void> {
  await workspaces.ensure(call);
  await unitOfWork.run(call, async (tx) => {
    const experiment = await lockExperiment(tx, id);
    if (!experiment.deleted) throw notDeleted(`experiment ${id}`);
    await tx.purge.experiment(id);
    const details = { name: experiment.name };
    tx.audit.add({ action: 'tracking.experiments.purge', resource: `experiments/${id}`, details });
  });
}
