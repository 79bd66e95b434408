import type { TrackingDependencies } from '../dependencies.ts';
import { tagNotFound } from '../errors.ts';
import { holdActiveRun, lockRun, runResource } from '../lookup.ts';
import { toMillis } from '../millis.ts';
import { editRun, finishedFact, RUN_NAME_TAG, type RunEdit, type RunView } from '../run.ts';
import type { Call } from '../unit-of-work.ts';

export interface UpdateRun extends RunEdit {
  readonly runId: string;
}

/**
 * Changes name, status or end time. A final status that follows one that is not is an event.
 * @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE.
 */
export function updateRun(
  call: Call,
  { runId, ...edit }: UpdateRun,
  { unitOfWork }: TrackingDependencies,
): Promise<RunView> {
  return unitOfWork.run(call, async (tx) => {
    const current = await lockRun(tx, runId);
    const now = toMillis(tx.now);
    const next = editRun(current, edit, now);
    if (next.name !== current.name) await tx.tags.put(runId, { [RUN_NAME_TAG]: next.name });
    const hasChanged = next.name !== current.name || next.status !== current.status || next.endTime !== current.endTime;
    if (hasChanged) {
      await tx.runs.update(next);
      const details = { name: next.name, status: next.status };
      tx.audit.add({ action: 'tracking.runs.update', resource: runResource(next), details });
    }
    const fact = finishedFact(current, next, call.caller.principal, await tx.inputs.of(next), now);
    if (fact) tx.events.add(fact);
    return tx.runs.view(next);
  });
}

/** Sets or takes the mark of deletion; a run that is in that state already stays as it is. @throws {NotFoundError} reason RUN_NOT_FOUND. */
export async function markRun(
  call: Call,
  { runId, deleted }: { readonly runId: string; readonly deleted: boolean },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const current = await lockRun(tx, runId);
    if (current.deleted === deleted) return;
    await tx.runs.update({ ...current, deleted, deletedTime: deleted ? toMillis(tx.now) : undefined });
    const action = deleted ? 'tracking.runs.delete' : 'tracking.runs.restore';
    tx.audit.add({ action, resource: runResource(current), details: {} });
  });
}

/** @throws {NotFoundError} reason RUN_NOT_FOUND or TAG_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. */
export async function deleteRunTag(
  call: Call,
  { runId, key }: { readonly runId: string; readonly key: string },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const run = await holdActiveRun(tx, runId);
    if (!(await tx.tags.delete(runId, key))) throw tagNotFound(runId, key);
    tx.audit.add({ action: 'tracking.runs.delete-tag', resource: runResource(run), details: { key } });
  });
}
