import type { ModelRuntime, TrainedModel, Trainer, TrainingJob, TrainingRun } from '@slipway/plugin-kit';
import { judge, labelsOf } from './judge.ts';
import { recordQuality, registerVersion, type RegistryClient } from './registration.ts';
import { profileOf } from './profile-of.ts';
import { beginRun, endRun, recordTraining, type TrackingClient } from './runs.ts';
import { scoreTable } from './score-table.ts';
import type { TrainingPlan } from './training-plan.ts';

export interface TrainingTools {
  readonly tracking: TrackingClient;
  readonly registry: RegistryClient;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
  readonly onRun?: (runId: string) => void;
  readonly onProgress: TrainingJob['onProgress'];
  readonly onLog: NonNullable<TrainingJob['onLog']>;
  /** How a program that trains reaches its run; absent where trainers log nothing themselves. */
  readonly trainingRun?: ((runId: string) => TrainingRun) | undefined;
  /** Makes a call; each is idempotent by the plan's `requestId`. */
  readonly attempt: <Answer>(step: () => Promise<Answer>) => Promise<Answer>;
}

export interface TrainedVersion {
  readonly runId: string;
  readonly version: string;
  readonly trained: TrainedModel;
  /** On the evaluation; empty without one. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly trainedInSeconds: number;
}

/** The training did not come to its end, and its run says so. `cause` is why. */
export class TrainingStoppedError extends Error {
  override readonly name = 'TrainingStoppedError';
  readonly runId: string;
  readonly status: 'FAILED' | 'KILLED';
  constructor(runId: string, status: 'FAILED' | 'KILLED', options: ErrorOptions & { cause: unknown }) {
    super(`run ${runId} is ${status}: ${textOf(options.cause)}`, options);
    this.runId = runId;
    this.status = status;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Begins a run, trains, judges, writes the run down, registers a version with its evaluation, and ends the run.
 * @throws {TrainingStoppedError} when a step after the first fails: the run is FAILED, or KILLED when `signal` aborted.
 */
export async function trainAndRegister(plan: TrainingPlan, tools: TrainingTools): Promise<TrainedVersion> {
  const { tracking, signal, attempt } = tools;
  const begun = { experimentId: plan.experimentId, name: plan.description, requestId: `${plan.requestId}-run` };
  const runId = await attempt(() => beginRun(tracking, begun));
  try {
    tools.onRun?.(runId);
    const made = await trainInRun(runId, plan, tools);
    await attempt(() => endRun(tracking, runId, 'RUN_STATUS_FINISHED'));
    return made;
  } catch (cause) {
    const status = signal.aborted ? 'KILLED' : 'FAILED';
    const stopped = new TrainingStoppedError(runId, status, { cause });
    try {
      await attempt(() => endRun(tracking, runId, `RUN_STATUS_${status}`, textOf(cause)));
    } catch (unsaid) {
      // the run goes on as RUNNING in tracking; what stopped the training must not get lost behind that
      throw new AggregateError([stopped, unsaid], `${stopped.message}; tracking was not told: ${textOf(unsaid)}`, {
        cause: unsaid,
      });
    }
    throw stopped;
  }
}

async function trainInRun(runId: string, plan: TrainingPlan, tools: TrainingTools): Promise<TrainedVersion> {
  const { tracking, registry, signal, attempt } = tools;
  const { model, training, evaluation, requestId } = plan;
  const features = plan.features.map(({ column }) => column);
  const began = performance.now();
  const run = tools.trainingRun?.(runId);
  const { target, task, options, seed } = plan;
  const { onProgress, onLog } = tools;
  const job = { table: training.table, target, task, features, options, seed, onProgress, onLog, ...(run && { run }) };
  const trained = await tools.trainer.train(job, signal);
  const trainedInSeconds = (performance.now() - began) / 1000;
  const metrics = evaluation
    ? judge(
        task,
        labelsOf(evaluation.table, target),
        await scoreTable(tools.runtime, trained, evaluation.table, features, signal),
      )
    : {};
  const profile = await profileOf(plan, trained, tools.runtime, signal);
  const record = { trainingSet: training.set, features, trained, metrics };
  await attempt(() => recordTraining(tracking, runId, record, plan.at));
  signal.throwIfAborted(); // the last moment at which nothing is registered
  const { version } = await attempt(() =>
    registerVersion(registry, {
      model,
      description: plan.description,
      references: plan.features.map(({ reference }) => reference),
      trained,
      profile,
      outputMeanings: plan.outputMeanings,
      trainingSetId: training.set.id,
      runId,
      requestId: `${requestId}-version`,
    }),
  );
  if (evaluation) {
    const dataset = { name: evaluation.dataset, id: evaluation.set.id, rows: evaluation.table.rows };
    const judged = { model, version, requestId: `${requestId}-quality` };
    await attempt(() => recordQuality(registry, judged, dataset, metrics));
  }
  return { runId, version, trained, metrics, trainedInSeconds };
}
