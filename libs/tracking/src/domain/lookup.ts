import { experimentNotActive, experimentNotFound, loggedModelNotFound, runNotFound } from './errors.ts';
import type { Experiment } from './experiment.ts';
import type { LoggedModel } from './logged-model.ts';
import { assertActive, type Run } from './run.ts';
import type { TrackingReads, TrackingTransaction } from './unit-of-work.ts';

/** @throws {NotFoundError} reason RUN_NOT_FOUND. */
export async function findRun(reads: TrackingReads, runId: string): Promise<Run> {
  const run = await reads.runs.get(runId);
  if (!run) throw runNotFound(runId);
  return run;
}

/** @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND, also when it is deleted. */
export async function findLoggedModel(reads: TrackingReads, modelId: string): Promise<LoggedModel> {
  const model = await reads.models.get(modelId);
  if (!model || model.deletedTime !== undefined) throw loggedModelNotFound(modelId);
  return model;
}

/** @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND, naming one of those that are not there or deleted. */
export async function assertLoggedModels(reads: TrackingReads, modelIds: Iterable<string>): Promise<void> {
  const distinct = [...new Set(modelIds)];
  if (distinct.length === 0) return;
  const active = await reads.models.active(distinct);
  const missing = distinct.find((id) => !active.has(id));
  if (missing !== undefined) throw loggedModelNotFound(missing);
}

/** Keeps the run from changing until the transaction ends. @throws {NotFoundError} reason RUN_NOT_FOUND. */
export async function lockRun(tx: TrackingTransaction, runId: string): Promise<Run> {
  const run = await tx.runs.lock(runId);
  if (!run) throw runNotFound(runId);
  return run;
}

/** Keeps the run from being deleted until the transaction ends. @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. */
export async function holdActiveRun(tx: TrackingTransaction, runId: string): Promise<Run> {
  const run = await tx.runs.hold(runId);
  if (!run) throw runNotFound(runId);
  assertActive(run);
  return run;
}

/** @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND. */
export async function lockExperiment(tx: TrackingTransaction, id: bigint): Promise<Experiment> {
  const experiment = await tx.experiments.lock(id);
  if (!experiment) throw experimentNotFound(id.toString());
  return experiment;
}

/** Keeps the experiment from being deleted until the transaction ends. @throws {NotFoundError} @throws {FailedPreconditionError} */
export async function holdActiveExperiment(tx: TrackingTransaction, id: bigint): Promise<Experiment> {
  const experiment = await tx.experiments.hold(id);
  if (!experiment) throw experimentNotFound(id.toString());
  if (experiment.deleted) throw experimentNotActive(id);
  return experiment;
}

export const runResource = ({ experimentId, runId }: Run): string => `experiments/${experimentId}/runs/${runId}`;

export const loggedModelResource = ({ experimentId, modelId }: LoggedModel): string =>
  `experiments/${experimentId}/models/${modelId}`;
