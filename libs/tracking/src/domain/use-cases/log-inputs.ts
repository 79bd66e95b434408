import { assertInputs, type DatasetInput } from '../dataset.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import type { ModelInput, ModelOutput } from '../logged-model.ts';
import { assertLoggedModels, holdActiveRun, runResource } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

export interface LogInputs {
  readonly runId: string;
  readonly inputs: readonly DatasetInput[];
  readonly models: readonly ModelInput[];
}

const listOf = (models: readonly ModelInput[]): string =>
  models
    .map(({ modelId }) => modelId)
    .join(', ')
    .slice(0, 8_192);

/**
 * Adds datasets and logged models that a run has read.
 * @throws {NotFoundError} reason RUN_NOT_FOUND or LOGGED_MODEL_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE.
 */
export async function logInputs(
  call: Call,
  { runId, inputs, models }: LogInputs,
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  assertInputs(inputs);
  await unitOfWork.run(call, async (tx) => {
    const run = await holdActiveRun(tx, runId);
    const modelIds = models.map(({ modelId }) => modelId);
    await assertLoggedModels(tx, modelIds);
    await tx.inputs.add(run, inputs);
    await tx.inputs.addModels(run, { inputs: models, outputs: [] });
    const datasets = inputs.map(({ dataset }) => `${dataset.name}@${dataset.digest}`).join(', ');
    const details = { datasets: datasets.slice(0, 8_192), ...(models.length > 0 ? { models: listOf(models) } : {}) };
    tx.audit.add({ action: 'tracking.runs.log-inputs', resource: runResource(run), details });
  });
}

/**
 * Adds logged models that a run has made.
 * @throws {NotFoundError} reason RUN_NOT_FOUND or LOGGED_MODEL_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE.
 */
export async function logOutputs(
  call: Call,
  { runId, models }: { readonly runId: string; readonly models: readonly ModelOutput[] },
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  await unitOfWork.run(call, async (tx) => {
    const run = await holdActiveRun(tx, runId);
    const modelIds = models.map(({ modelId }) => modelId);
    await assertLoggedModels(tx, modelIds);
    await tx.inputs.addModels(run, { inputs: [], outputs: models });
    const details = { models: listOf(models) };
    tx.audit.add({ action: 'tracking.runs.log-outputs', resource: runResource(run), details });
  });
}
