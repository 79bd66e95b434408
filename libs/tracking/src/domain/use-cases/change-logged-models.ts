import type { TrackingDependencies } from '../dependencies.ts';
import { loggedModelNotFound, loggedModelTagNotFound } from '../errors.ts';
import {
  assertLoggedModel,
  assertLoggedModelEdit,
  assertSameParams,
  newLoggedModel,
  type LoggedModel,
  type LoggedModelDraft,
  type LoggedModelEdit,
  type LoggedModelView,
} from '../logged-model.ts';
import { findRun, holdActiveExperiment, loggedModelResource } from '../lookup.ts';
import { toMillis } from '../millis.ts';
import { makeRunId, makeRunName } from '../run-names.ts';
import type { Call, TrackingTransaction } from '../unit-of-work.ts';

export interface CreateLoggedModel extends LoggedModelDraft {
  readonly experimentId: bigint;
  readonly requestId: string;
}

/**
 * Begins a logged model, which is PENDING until its files are there.
 * @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND, or RUN_NOT_FOUND for the source run. @throws {FailedPreconditionError} reason EXPERIMENT_NOT_ACTIVE.
 * @throws {InvalidArgumentError} on a bad name, parameter or tag.
 */
export async function createLoggedModel(
  call: Call,
  { requestId, ...draft }: CreateLoggedModel,
  { unitOfWork, workspaces, random }: TrackingDependencies,
): Promise<LoggedModelView> {
  assertLoggedModel(draft);
  await workspaces.ensure(call);
  return unitOfWork.run(call, (tx) =>
    tx.once('tracking.CreateLoggedModel', requestId, draft, async () => {
      const experiment = await holdActiveExperiment(tx, draft.experimentId);
      if (draft.sourceRunId !== '') await findRun(tx, draft.sourceRunId);
      const name = draft.name === '' ? makeRunName(random) : draft.name;
      const model = newLoggedModel(`m-${makeRunId(random)}`, name, draft, experiment, call.caller, toMillis(tx.now));
      await tx.models.insert(model);
      await tx.models.addParams(model.modelId, draft.params);
      await tx.models.putTags(model.modelId, draft.tags);
      const resource = loggedModelResource(model);
      tx.audit.add({ action: 'tracking.logged-models.create', resource, details: { name } });
      return { model, params: draft.params, tags: draft.tags, metrics: [] };
    }),
  );
}

async function lockModel(tx: TrackingTransaction, modelId: string): Promise<LoggedModel> {
  const model = await tx.models.lock(modelId);
  if (model?.deletedTime !== undefined || !model) throw loggedModelNotFound(modelId);
  return model;
}

export interface UpdateLoggedModel extends LoggedModelEdit {
  readonly modelId: string;
}

/**
 * Changes the status, sets tags and adds parameters, all of it or nothing.
 * @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND. @throws {InvalidArgumentError} reason ENTRY_INVALID or PARAM_CHANGED.
 */
export function updateLoggedModel(
  call: Call,
  { modelId, ...edit }: UpdateLoggedModel,
  { unitOfWork }: TrackingDependencies,
): Promise<LoggedModelView> {
  assertLoggedModelEdit(edit);
  const { status, setTags, addParams } = edit;
  return unitOfWork.run(call, async (tx) => {
    const current = await lockModel(tx, modelId);
    assertSameParams(modelId, addParams, await tx.models.addParams(modelId, addParams));
    await tx.models.putTags(modelId, setTags);
    const next = { ...current, status: status ?? current.status, lastUpdateTime: toMillis(tx.now) };
    await tx.models.update(next);
    const keys = (entries: object): string => Object.keys(entries).join(', ').slice(0, 8_192);
    const details = { status: next.status, tags: keys(setTags), params: keys(addParams) };
    tx.audit.add({ action: 'tracking.logged-models.update', resource: loggedModelResource(next), details });
    return tx.models.view(next);
  });
}

/** @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND or TAG_NOT_FOUND. */
export async function deleteLoggedModelTag(
  call: Call,
  { modelId, key }: { readonly modelId: string; readonly key: string },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const model = await lockModel(tx, modelId);
    if (!(await tx.models.deleteTag(modelId, key))) throw loggedModelTagNotFound(modelId, key);
    await tx.models.update({ ...model, lastUpdateTime: toMillis(tx.now) });
    const resource = loggedModelResource(model);
    tx.audit.add({ action: 'tracking.logged-models.delete-tag', resource, details: { key } });
  });
}

/** Marks it as deleted: from then on it is not found. @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND. */
export async function deleteLoggedModel(
  call: Call,
  { modelId }: { readonly modelId: string },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const model = await lockModel(tx, modelId);
    const now = toMillis(tx.now);
    await tx.models.update({ ...model, lastUpdateTime: now, deletedTime: now });
    tx.audit.add({ action: 'tracking.logged-models.delete', resource: loggedModelResource(model), details: {} });
  });
}
