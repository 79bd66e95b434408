import type { TrackingDependencies } from '../dependencies.ts';
import { experimentNotFound, experimentTagNotFound } from '../errors.ts';
import {
  editExperiment,
  newExperiment,
  type Experiment,
  type ExperimentDraft,
  type ExperimentEdit,
} from '../experiment.ts';
import { lockExperiment } from '../lookup.ts';
import { toMillis } from '../millis.ts';
import type { Call } from '../unit-of-work.ts';

export interface CreateExperiment extends ExperimentDraft {
  readonly requestId: string;
}

/** @throws {AlreadyExistsError} reason EXPERIMENT_ALREADY_EXISTS. @throws {InvalidArgumentError} on a bad name, tag or location. */
export async function createExperiment(
  call: Call,
  { requestId, ...draft }: CreateExperiment,
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<Experiment> {
  await workspaces.ensure(call);
  return unitOfWork.run(call, (tx) =>
    tx.once('tracking.CreateExperiment', requestId, draft, async () => {
      const id = await tx.experiments.nextId();
      const experiment = newExperiment(id, draft, call.caller, toMillis(tx.now));
      await tx.experiments.insert(experiment);
      tx.audit.add({
        action: 'tracking.experiments.create',
        resource: `experiments/${id}`,
        details: { name: draft.name },
      });
      return experiment;
    }),
  );
}

export interface UpdateExperiment extends ExperimentEdit {
  readonly id: bigint;
}

/**
 * Changes name and tags; an edit that changes nothing leaves no trace. @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND.
 * @throws {FailedPreconditionError} reason EXPERIMENT_NOT_ACTIVE. @throws {AlreadyExistsError} reason EXPERIMENT_ALREADY_EXISTS.
 */
export async function updateExperiment(
  call: Call,
  { id, ...edit }: UpdateExperiment,
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<Experiment> {
  await workspaces.ensure(call);
  return unitOfWork.run(call, async (tx) => {
    const current = await lockExperiment(tx, id);
    const next = editExperiment(current, edit, toMillis(tx.now));
    if (!next) return current;
    await tx.experiments.update(next);
    const details: Readonly<Record<string, string>> =
      next.name === current.name ? {} : { name: next.name, former_name: current.name };
    tx.audit.add({ action: 'tracking.experiments.update', resource: `experiments/${id}`, details });
    return next;
  });
}

/**
 * Removes one tag. @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND or TAG_NOT_FOUND. @throws {FailedPreconditionError} reason EXPERIMENT_NOT_ACTIVE.
 */
export async function deleteExperimentTag(
  call: Call,
  { id, key }: { readonly id: bigint; readonly key: string },
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<void> {
  await workspaces.ensure(call);
  await unitOfWork.run(call, async (tx) => {
    const current = await lockExperiment(tx, id);
    const edit = { name: undefined, setTags: {}, removeTags: [key] };
    const next = editExperiment(current, edit, toMillis(tx.now));
    if (!next) throw experimentTagNotFound(id, key);
    await tx.experiments.update(next);
    tx.audit.add({ action: 'tracking.experiments.delete-tag', resource: `experiments/${id}`, details: { key } });
  });
}

/**
 * Marks an experiment and all its runs as deleted, or takes the mark from all of them.
 * @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND, also when it is in that state already.
 */
export async function markExperiment(
  call: Call,
  { id, deleted }: { readonly id: bigint; readonly deleted: boolean },
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<void> {
  await workspaces.ensure(call);
  await unitOfWork.run(call, async (tx) => {
    const current = await lockExperiment(tx, id);
    if (current.deleted === deleted) throw experimentNotFound(id.toString());
    await tx.experiments.update({ ...current, deleted, lastUpdateTime: toMillis(tx.now) });
    await tx.runs.markAll(id, deleted ? toMillis(tx.now) : undefined);
    const action = deleted ? 'tracking.experiments.delete' : 'tracking.experiments.restore';
    tx.audit.add({ action, resource: `experiments/${id}`, details: {} });
  });
}
