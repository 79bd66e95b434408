import { join } from 'node:path';
import type { TrainingSet__Output } from '@slipway/contracts/slipway.features.v1';
import type { ModelRuntime, Trainer, TrainingJob, TrainingRun, TrainingTable } from '@slipway/plugin-kit';
import { readTrainingTable } from '@slipway/training-data';
import { createTrainingSet, downloadTrainingSet, ingest } from './feature-store.ts';
import { DELAY_FEATURES, DELAY_VIEW, type Flights, type Period } from './flights.ts';
import type { Principal } from './principals.ts';
import { recordQuality, registerVersion } from './registration.ts';
import { beginRun, finishRun } from './runs.ts';
import type { Screen } from './screen.ts';
import { labelsOf, qualityOf, scoreLocally, trainLateness, type Quality } from './train.ts';

/** Everything that the steps of the story work with. */
export interface Stage {
  readonly alice: Principal;
  readonly bob: Principal;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly flights: Flights;
  /** Exists; for files of this story alone. */
  readonly folder: string;
  readonly model: string;
  readonly seed: number;
  /** Entity rows of a training set at most; undefined means all. */
  readonly rows: number | undefined;
  /** Milliseconds since 1970, the same throughout. */
  readonly startedAt: number;
  /** How a program that trains reaches its run; absent where trainers log nothing themselves. */
  readonly trainingRun?: (runId: string) => TrainingRun;
  /** Makes a step. Where services may die meanwhile it is made until it is answered: each step is idempotent by its request ids. */
  readonly attempt: <Answer>(step: () => Promise<Answer>) => Promise<Answer>;
}

export const thousands = (value: number): string => value.toLocaleString('en-US').replaceAll(',', ' ');
export const show = (quality: Quality): string =>
  `AUC ${quality.auc.toFixed(4)}, log loss ${quality.logLoss.toFixed(4)}`;

export interface IngestedPeriod {
  readonly accepted: number;
  readonly quarantined: number;
  /** As `column rule`, with the number of rows. */
  readonly breaches: Readonly<Record<string, number>>;
}

/** Exports the raw rows of a period and hands them to the feature store. */
export async function ingestPeriod(stage: Stage, name: string, period: Period): Promise<IngestedPeriod> {
  const path = join(stage.folder, `${name}.parquet`);
  const rows = await stage.flights.exportRows(period, path);
  const progress = (text: string): void => stage.screen.progress(`${name}: ${text} of ${thousands(rows)} flights`);
  progress('upload');
  const file = { path, description: `${name}.parquet`, requestId: `${stage.model}-ingest-${name}` };
  const ingestion = await stage.attempt(() =>
    ingest(stage.alice.features, file, (sent) => progress(`${(sent / 1e6).toFixed(1)} MB`)),
  );
  return {
    accepted: Number(ingestion.accepted_rows),
    quarantined: Number(ingestion.quarantined_rows),
    breaches: Object.fromEntries(
      ingestion.breaches.map(({ column, rule, rows: broken }) => [`${column} ${rule}`, Number(broken)]),
    ),
  };
}

/** A training set as the feature store has it, and as trainers take it. */
export interface Learnable {
  readonly set: TrainingSet__Output;
  readonly table: TrainingTable;
}

/** Joins the delays known (or, leaking, the delays as such) to the flights of a period. */
export async function learnableOf(
  stage: Stage,
  name: string,
  period: Period,
  at: { leaking: boolean },
): Promise<Learnable> {
  const { alice, screen, folder } = stage;
  const entityRows = join(folder, `${name}-entities.parquet`);
  await stage.flights.exportEntityRows(period, stage, entityRows);
  const plan = {
    name,
    entityRows,
    features: DELAY_FEATURES.map((feature) => `${DELAY_VIEW}:${feature}`),
    leaking: at.leaking,
    requestId: `${stage.model}-set-${name}`,
  };
  const set = await stage.attempt(() => createTrainingSet(alice, plan, (text) => screen.progress(`${name}: ${text}`)));
  const file = join(folder, `${name}.parquet`);
  screen.progress(`${name}: download`);
  await stage.attempt(() => downloadTrainingSet(alice.features, set.id, file));
  const columns = LEARNED.map((column) => ({ name: column }));
  const table = await readTrainingTable(file, { id: set.id, columns, signal: stage.signal });
  return { set, table };
}
const LEARNED = ['hour', 'weekday', 'month_day', 'distance', ...DELAY_FEATURES, 'late'];

export interface Release {
  readonly version: string;
  readonly runId: string;
  /** Columns in the order of the model's inputs. */
  readonly features: readonly string[];
  readonly model: Uint8Array;
  readonly quality: Quality;
  readonly trainedInSeconds: number;
}

export interface ReleasePlan {
  readonly experimentId: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly options: TrainingJob['options'];
  readonly training: Learnable;
  /** What it is judged on, and the name of that. */
  readonly evaluation: Learnable & { readonly dataset: string };
}

/** Trains, judges, writes the run down, and registers a version. */
export async function release(stage: Stage, plan: ReleasePlan): Promise<Release> {
  const { alice, signal, screen } = stage;
  const { description, features, training, evaluation } = plan;
  const requestId = `${stage.model}-${description.replaceAll(/[^a-z0-9]+/g, '-')}`;
  const begun = { experimentId: plan.experimentId, name: description, requestId: `${requestId}-run` };
  const runId = await stage.attempt(() => beginRun(alice, begun));
  const began = performance.now();
  const trained = await trainLateness(stage.trainer, training.table, features, {
    seed: stage.seed,
    options: plan.options,
    signal,
    onProgress: (text) => screen.progress(`${description}: ${text}`),
    run: stage.trainingRun?.(runId),
  });
  const trainedInSeconds = (performance.now() - began) / 1000;
  const probabilities = await scoreLocally(stage.runtime, trained, evaluation.table, features, signal);
  const quality = qualityOf(labelsOf(evaluation.table), probabilities);
  const record = { name: description, trainingSet: training.set, features, trained, quality };
  await stage.attempt(() => finishRun(alice, runId, record, stage.startedAt));
  const { version } = await stage.attempt(() =>
    registerVersion(alice.registry, {
      model: stage.model,
      description,
      features,
      trained,
      trainingSetId: training.set.id,
      runId,
      requestId: `${requestId}-version`,
    }),
  );
  const dataset = { name: evaluation.dataset, id: evaluation.set.id, rows: evaluation.table.rows };
  const judged = { model: stage.model, version, requestId: `${requestId}-quality` };
  await stage.attempt(() => recordQuality(alice.registry, judged, dataset, quality));
  return { version, runId, features, model: trained.model, quality, trainedInSeconds };
}
