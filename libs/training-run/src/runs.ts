import { createHash } from 'node:crypto';
import type { Client } from '@slipway/clients';
import type { TrainingSet__Output } from '@slipway/contracts/slipway.features.v1';
import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { DomainError } from '@slipway/kernel';
import type { TrainedModel } from '@slipway/plugin-kit';
import { chunksOf } from './chunks.ts';

export type TrackingClient = Client<TrackingService>;

/** Tag of a run that did not end well: why. */
export const ERROR_TAG = 'slipway.error';
const ERROR_CHARACTERS_MAX = 1000;

export interface RunRecord {
  readonly trainingSet: TrainingSet__Output;
  readonly features: readonly string[];
  readonly trained: TrainedModel;
  /** Measured on rows that were not trained on; empty when it was not judged. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The experiment of that name, made when there is none. @returns its id. */
export async function openExperiment(tracking: TrackingClient, name: string): Promise<string> {
  const { experiment } = await tracking
    .createExperiment({ name, request_id: `experiment-${name}` })
    .catch((error: unknown) => {
      // somebody else has made it
      if (error instanceof DomainError && error.kind === 'already-exists') return tracking.getExperiment({ name });
      throw error;
    });
  if (!experiment) throw new Error('tracking answered without an experiment');
  return experiment.experiment_id;
}

/** Begins a run before its work does, so that a run of work that fails is there, too. @returns its id. */
export async function beginRun(
  tracking: TrackingClient,
  at: { experimentId: string; name: string; requestId: string },
): Promise<string> {
  const { run } = await tracking.createRun({
    experiment_id: at.experimentId,
    run_name: at.name,
    request_id: at.requestId,
  });
  if (!run) throw new Error('tracking answered without a run');
  return run.run_id;
}

/** A model of gigabytes takes longer than a call that only asks. */
const UPLOAD_MS = 10 * 60_000;

/**
 * Writes down what was learned from what, with the model itself. A repeat adds nothing.
 * @param at milliseconds since 1970; the same for a repeat, so that nothing is there twice.
 */
export async function recordTraining(
  tracking: TrackingClient,
  runId: string,
  record: RunRecord,
  at: number,
): Promise<void> {
  const { trained, metrics, trainingSet } = record;
  const timestamp = String(at);
  const metric = (key: string, value: number) => ({ key, value, timestamp, step: '0' });
  await tracking.logBatch({
    run_id: runId,
    params: { ...trained.parameters, features: record.features.join(',') },
    metrics: [
      ...Object.entries(trained.metrics).map(([key, value]) => metric(`training_${key}`, value)),
      ...Object.entries(metrics).map(([key, value]) => metric(key, value)),
    ],
  });
  await tracking.logInputs({
    run_id: runId,
    datasets: [
      {
        dataset: {
          name: trainingSet.name,
          digest: trainingSet.id.slice(0, 36),
          source_type: 'slipway',
          source: trainingSet.id,
        },
        tags: { 'mlflow.data.context': 'training' },
      },
    ],
  });
  await tracking.uploadArtifact(fileOf(runId, 'model/model.onnx', trained.model), { timeoutMs: UPLOAD_MS });
  if (trained.environment) await recordEnvironment(tracking, runId, trained.environment);
}

async function recordEnvironment(
  tracking: TrackingClient,
  runId: string,
  { git, lock }: NonNullable<TrainedModel['environment']>,
): Promise<void> {
  const tags: Record<string, string> = git
    ? { 'mlflow.source.git.commit': git.commit, 'slipway.source.git.dirty': String(git.dirty) }
    : {};
  await tracking.logBatch({ run_id: runId, tags });
  if (lock !== '') {
    await tracking.uploadArtifact(fileOf(runId, 'environment.lock', Buffer.from(lock)), { timeoutMs: UPLOAD_MS });
  }
}

/** Ends a run. @param error why it did not end well, kept as the tag `slipway.error`. */
export async function endRun(
  tracking: TrackingClient,
  runId: string,
  status: 'RUN_STATUS_FINISHED' | 'RUN_STATUS_FAILED' | 'RUN_STATUS_KILLED',
  error?: string,
): Promise<void> {
  if (error !== undefined) {
    await tracking.logBatch({ run_id: runId, tags: { [ERROR_TAG]: error.slice(0, ERROR_CHARACTERS_MAX) } });
  }
  await tracking.updateRun({ run_id: runId, status });
}

async function* fileOf(runId: string, path: string, content: Uint8Array) {
  const sha256 = createHash('sha256').update(content).digest('hex');
  yield { header: { run_id: runId, path, sha256 } };
  yield* chunksOf(content);
}
