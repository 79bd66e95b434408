import { createHash } from 'node:crypto';
import type { TrainingSet__Output } from '@slipway/contracts/slipway.features.v1';
import type { TrainedModel } from '@slipway/plugin-kit';
import type { Principal } from './principals.ts';
import type { Quality } from './train.ts';

const CHUNK_BYTES = 256 * 1024;

export interface RunRecord {
  readonly name: string;
  readonly trainingSet: TrainingSet__Output;
  readonly features: readonly string[];
  readonly trained: TrainedModel;
  /** By name of the dataset that it was judged on. */
  readonly quality: Quality;
}

/** The experiment of that name, made when there is none. */
export async function openExperiment(caller: Principal, name: string): Promise<string> {
  const { experiment } = await caller.tracking.createExperiment({ name, request_id: `experiment-${name}` });
  if (!experiment) throw new Error('tracking answered without an experiment');
  return experiment.experiment_id;
}

/** Begins a run before its work does, so that a run of work that fails is there, too. @returns its id. */
export async function beginRun(
  caller: Principal,
  at: { experimentId: string; name: string; requestId: string },
): Promise<string> {
  const { run } = await caller.tracking.createRun({
    experiment_id: at.experimentId,
    run_name: at.name,
    request_id: at.requestId,
  });
  if (!run) throw new Error('tracking answered without a run');
  return run.run_id;
}

/**
 * Writes down what was learned from what, with the model itself, and ends the run.
 * @param at milliseconds since 1970; the same for a repeat, so that nothing is there twice.
 */
export async function finishRun(caller: Principal, runId: string, record: RunRecord, at: number): Promise<void> {
  const { trained, quality, trainingSet } = record;
  const timestamp = String(at);
  const metric = (key: string, value: number) => ({ key, value, timestamp, step: '0' });
  await caller.tracking.logBatch({
    run_id: runId,
    params: { ...trained.parameters, features: record.features.join(',') },
    metrics: [
      ...Object.entries(trained.metrics).map(([key, value]) => metric(`training_${key}`, value)),
      metric('auc', quality.auc),
      metric('log_loss', quality.logLoss),
    ],
  });
  await caller.tracking.logInputs({
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
  await caller.tracking.uploadArtifact(fileOf(runId, 'model/model.onnx', trained.model));
  if (trained.environment) await recordEnvironment(caller, runId, trained.environment);
  await caller.tracking.updateRun({ run_id: runId, status: 'RUN_STATUS_FINISHED' });
}

async function recordEnvironment(
  caller: Principal,
  runId: string,
  { git, lock }: NonNullable<TrainedModel['environment']>,
): Promise<void> {
  const tags: Record<string, string> = git
    ? { 'mlflow.source.git.commit': git.commit, 'slipway.source.git.dirty': String(git.dirty) }
    : {};
  await caller.tracking.logBatch({ run_id: runId, tags });
  if (lock !== '') await caller.tracking.uploadArtifact(fileOf(runId, 'environment.lock', Buffer.from(lock)));
}

async function* fileOf(runId: string, path: string, content: Uint8Array) {
  const sha256 = createHash('sha256').update(content).digest('hex');
  yield { header: { run_id: runId, path, sha256 } };
  for (let from = 0; from < content.byteLength; from += CHUNK_BYTES)
    yield { chunk: Buffer.from(content.subarray(from, from + CHUNK_BYTES)) };
}
