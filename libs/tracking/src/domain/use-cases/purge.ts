import type { TrackingDependencies } from '../dependencies.ts';
import { experimentNotFound, loggedModelNotFound, notDeleted, runNotFound } from '../errors.ts';
import type { Experiment } from '../experiment.ts';
import type { Expired } from '../housekeeping.ts';
import { lockExperiment, lockRun, loggedModelResource, runResource } from '../lookup.ts';
import type { Millis } from '../millis.ts';
import type { Run } from '../run.ts';
import type { Call, TrackingTransaction, TrackingUnitOfWork } from '../unit-of-work.ts';

async function removeRun(tx: TrackingTransaction, run: Run): Promise<void> {
  await tx.purge.run(run);
  tx.audit.add({ action: 'tracking.runs.purge', resource: runResource(run), details: { name: run.name } });
}

async function removeExperiment(tx: TrackingTransaction, { id, name }: Experiment): Promise<void> {
  await tx.purge.experiment(id);
  tx.audit.add({ action: 'tracking.experiments.purge', resource: `experiments/${id}`, details: { name } });
}

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
    await removeRun(tx, run);
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
    await removeExperiment(tx, experiment);
  });
}

/**
 * Removes for ever what was marked as deleted before `before`.
 * @throws {NotFoundError} when it is no longer there, or not deleted for that long.
 */
export async function purgeExpired(
  call: Call,
  { expired, before }: { readonly expired: Expired; readonly before: Millis },
  unitOfWork: TrackingUnitOfWork,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    switch (expired.kind) {
      case 'experiment': {
        const experiment = await lockExperiment(tx, expired.id);
        if (!experiment.deleted || experiment.lastUpdateTime >= before) throw experimentNotFound(expired.id.toString());
        return removeExperiment(tx, experiment);
      }
      case 'run': {
        const run = await lockRun(tx, expired.id);
        if (run.deletedTime === undefined || run.deletedTime >= before) throw runNotFound(expired.id);
        return removeRun(tx, run);
      }
      case 'model': {
        const model = await tx.models.lock(expired.id);
        if (model?.deletedTime === undefined || model.deletedTime >= before) throw loggedModelNotFound(expired.id);
        await tx.purge.model(model);
        const resource = loggedModelResource(model);
        return tx.audit.add({ action: 'tracking.logged-models.purge', resource, details: { name: model.name } });
      }
    }
  });
}
