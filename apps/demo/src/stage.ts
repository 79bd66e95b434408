import { join } from 'node:path';
import type { ModelRuntime, Trainer, TrainingJob } from '@slipway/plugin-kit';
import { fetchLearningSet, trainAndRegister, type LearningSet } from '@slipway/training-run';
import { createTrainingSet, ingest, type Attempt } from './feature-store.ts';
import {
  DELAY_FEATURES,
  DELAY_VIEW,
  ENTITY_TIME,
  featureReference,
  TARGET,
  type Flights,
  type NamedPeriod,
  type Period,
} from './flights.ts';
import type { Principal } from './principals.ts';
import type { Screen } from './screen.ts';
import type { Quality } from './train.ts';

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
  /** About one of so many airports is in `flights`. */
  readonly slice: number;
  /** Entity rows of a training set at most; undefined means all. */
  readonly rows: number | undefined;
  /** Milliseconds since 1970, the same throughout. */
  readonly startedAt: number;
  /** Makes a step. Where services may die meanwhile it is made until it is answered: each step is idempotent by its request ids. */
  readonly attempt: Attempt;
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

/** Begun now and awaited later: a failure waits for who awaits it. */
export function ahead<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}

/** Hands the raw rows of some periods to the feature store, one after the other; the next file is written while one is taken in. */
export async function ingestPeriods(stage: Stage, files: readonly NamedPeriod[]): Promise<readonly IngestedPeriod[]> {
  const exported = async (index: number): Promise<Exported | undefined> => {
    const next = files[index];
    if (!next) return undefined;
    const [name, period] = next;
    const path = join(stage.folder, `${name}.parquet`);
    return { name, path, rows: await stage.flights.exportRows(period, path) };
  };
  const ingested: IngestedPeriod[] = [];
  let next = ahead(exported(0));
  for (let file = await next; file; file = await next) {
    next = ahead(exported(ingested.length + 1));
    ingested.push(await ingestFile(stage, file));
  }
  return ingested;
}

interface Exported {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
}

async function ingestFile(stage: Stage, { name, path, rows }: Exported): Promise<IngestedPeriod> {
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

/** Joins the delays known (or, leaking, the delays as such) to the flights of a period. @returns the id of the training set. */
export async function joinDelays(
  stage: Stage,
  name: string,
  period: Period,
  at: { leaking: boolean },
): Promise<string> {
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
  return set.id;
}

/** Brings a training set into memory. */
export async function learnableOf(stage: Stage, name: string, id: string): Promise<LearningSet> {
  const { alice, screen, folder, signal } = stage;
  const file = join(folder, `${name}.parquet`);
  screen.progress(`${name}: download`);
  return stage.attempt(() =>
    fetchLearningSet(alice.features, { id, file, columns: LEARNED, timeColumn: ENTITY_TIME, signal }),
  );
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
  readonly training: LearningSet;
  /** What it is judged on, and the name of that. */
  readonly evaluation: LearningSet & { readonly dataset: string };
}

/** Trains, judges, writes the run down, and registers a version. */
export async function release(stage: Stage, plan: ReleasePlan): Promise<Release> {
  const { alice, trainer, runtime, signal, screen, attempt } = stage;
  const { description, features, training, evaluation, experimentId, options } = plan;
  const progress = (text: string): void => screen.progress(`${description}: ${text}`);
  const { version, runId, trained, metrics, trainedInSeconds } = await trainAndRegister(
    {
      experimentId,
      model: stage.model,
      description,
      target: TARGET,
      task: 'binary-classification',
      features: features.map((column) => ({ column, reference: featureReference(column) })),
      options,
      seed: stage.seed,
      training,
      timeColumn: ENTITY_TIME,
      evaluation,
      outputMeanings: { probability: 'chance that the flight leaves more than 15 minutes late' },
      requestId: `${stage.model}-${description.replaceAll(/[^a-z0-9]+/g, '-')}`,
      at: stage.startedAt,
    },
    {
      tracking: alice.tracking,
      registry: alice.registry,
      trainer,
      runtime,
      signal,
      onProgress: ({ done, total, unit }) => progress(`training: ${done} of ${total} ${unit}`),
      onLog: progress,
      attempt,
    },
  );
  const quality = { auc: metrics['auc'] ?? Number.NaN, logLoss: metrics['log_loss'] ?? Number.NaN };
  return { version, runId, features, model: trained.model, quality, trainedInSeconds };
}
