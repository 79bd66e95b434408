import type { ModelRuntime, TrainedModel, Trainer, TrainingJob, TrainingTable } from '@slipway/plugin-kit';
import { DomainError, type Micros } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import { beginRun, openExperiment, recordQuality, trainAndRegister, TrainingStoppedError } from '@slipway/training-run';
import { z } from 'zod';
import { stepRefused } from '../../domain/errors.ts';
import { HOUR_MS, stepKind, type Fillable, type StepContext, type StepKind } from '../../domain/step-kind.ts';
import { column, moment, name, reference, sha256 } from '../fields.ts';
import { within, type PipelineClients } from '../services.ts';
import { featureColumn, TIME_COLUMN } from '../training-set/training-query.ts';
import type { TrainingSets } from '../training-set/training-sets.ts';
import { judgeModel, metricsText } from './judge-version.ts';
import { learningSet, readSet, rowsBetween } from './learning-tables.ts';
import { downloadModel, type VerifiedModel } from './model-package.ts';
import { versionOfRun } from './version-of-run.ts';

const DAY_MICROS = 86_400_000_000n;

const window = (value: Fillable) => z.strictObject({ from: value(moment), until: value(moment) });

const schema = (value: Fillable) =>
  z.strictObject({
    /** Id of a training set that a step of this pipeline made. */
    set: value(sha256),
    /** Only rows of that time are learned from. Needed for a backtest. */
    window: window(value).optional(),
    model: value(name),
    experiment: value(z.string().min(1).max(256)),
    description: value(z.string().max(8192)).default(''),
    target: value(column),
    task: value(z.enum(['binary-classification', 'regression'])).default('binary-classification'),
    features: z.array(value(reference)).min(1).max(1_000),
    options: z.record(z.string(), value(z.union([z.string(), z.number(), z.boolean()]))).default({}),
    seed: value(z.number().int()).default(1),
    outputMeanings: z.record(z.string(), z.string().max(1_024)).default({}),
    backtest: z
      .strictObject({
        days: value(z.number().int().min(1).max(366)),
        /** Whose version is judged on the same rows. */
        alias: value(name).optional(),
        /** Under which both evaluations are recorded; by default `backtest-` and the day that ends it. A gate has to know the name beforehand. */
        dataset: value(name).optional(),
      })
      .optional(),
  });
type Input = z.output<ReturnType<typeof schema>>;

export interface LearningParts {
  readonly clients: PipelineClients;
  readonly sets: TrainingSets;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly trustedKeys: () => readonly TrustedKey[];
}

/**
 * Trains, logs the run and registers the version. A backtest asks whether the recipe is worth it: a sibling learns by the same recipe from the window
 * that ends some days earlier and is judged on those last days, which it has not seen; so is the version that an alias names now.
 */
export const trainKind = (parts: LearningParts): StepKind =>
  stepKind<Input>({
    kind: 'train',
    timeoutMs: 4 * HOUR_MS,
    results: ['version', 'model', 'run_id', 'rows', 'dataset', 'metrics'],
    schema,
    execute: async (input, context) => {
      const current = await currentModel(input, parts, context);
      const theirs = current?.features.map(featureColumn) ?? [];
      const columns = [...input.features.map(featureColumn), ...theirs, input.target];
      const at = { workspace: context.workspace, id: input.set, signal: context.signal };
      const table = await readSet(parts.sets, { ...at, columns });
      const halves = halvesOf(input, table); // before anything is registered: what cannot be judged is not made
      const training = rowsBetween(table, input.window?.from, input.window?.until);
      const { version, runId } = await train(input, training, parts, context);
      const tested = halves && (await backtest(input, halves, { version, current }, parts, context));
      const told = tested ? `; the recipe on its last ${input.backtest?.days ?? 0} days: ${tested.told}` : '';
      return {
        version,
        model: input.model,
        run_id: runId,
        rows: training.rows,
        dataset: tested?.dataset ?? '',
        metrics: tested?.metrics ?? {},
        message: `version ${version} of '${input.model}' from ${training.rows} rows${told}`,
      };
    },
  });

const jobOf = (input: Input, table: TrainingTable, context: StepContext): TrainingJob => ({
  table,
  target: input.target,
  task: input.task,
  features: input.features.map(featureColumn),
  options: input.options,
  seed: input.seed,
  onProgress: ({ done, total, unit }) => context.say(`trains: ${done} of ${total} ${unit}`),
});

/** A repeat finds the version that an attempt before has registered, and trains nothing. */
async function train(
  input: Input,
  table: TrainingTable,
  { clients, trainer, runtime }: LearningParts,
  context: StepContext,
): Promise<{ version: string; runId: string }> {
  const { signal, key } = context;
  const [tracking, registry] = [within(clients.tracking, context), within(clients.registry, context)];
  const experimentId = await openExperiment(tracking, input.experiment);
  const description = input.description === '' ? `${context.pipeline} ${context.runId}` : input.description;
  const known = await beginRun(tracking, { experimentId, name: description, requestId: `${key}-run` });
  const registered = await versionOfRun(registry, input.model, known);
  if (registered !== undefined) return { version: registered, runId: known };
  const { onProgress } = jobOf(input, table, context);
  const plan = {
    experimentId,
    model: input.model,
    description,
    target: input.target,
    task: input.task,
    features: input.features.map((each) => ({ column: featureColumn(each), reference: each })),
    options: input.options,
    seed: input.seed,
    training: learningSet(table, context.pipeline), // its digest tells one run of the pipeline from another
    timeColumn: TIME_COLUMN,
    outputMeanings: input.outputMeanings,
    requestId: key,
    at: Number(context.beganAt / 1000n),
  };
  const attempt = <Answer>(step: () => Promise<Answer>): Promise<Answer> => step();
  try {
    const onLog = (line: string): void => context.say(line);
    const made = await trainAndRegister(plan, {
      tracking,
      registry,
      trainer,
      runtime,
      signal,
      onProgress,
      onLog,
      attempt,
    });
    return { version: made.version, runId: made.runId };
  } catch (error) {
    throw error instanceof TrainingStoppedError && error.cause instanceof DomainError ? error.cause : error;
  }
}

interface Tested {
  readonly dataset: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly told: string;
}

/** What the sibling learns from, what it is judged on, and where that ends. */
interface Halves {
  readonly earlier: TrainingTable;
  readonly held: TrainingTable;
  readonly until: Micros;
}

/** @throws {FailedPreconditionError} reason DATA_INVALID when one of them has no rows. */
function halvesOf({ backtest: asked, window: learned }: Input, table: TrainingTable): Halves | undefined {
  if (!asked) return undefined;
  if (!learned)
    throw stepRefused(
      'DATA_INVALID',
      "a backtest needs a 'window': without it nobody knows which days are the last ones",
    );
  const shift = BigInt(asked.days) * DAY_MICROS;
  const earlier = rowsBetween(table, learned.from - shift, learned.until - shift);
  const held = rowsBetween(table, learned.until - shift, learned.until);
  const before = rowsBetween(table, learned.from - shift, learned.from);
  if (before.rows > 0 && held.rows > 0) return { earlier, held, until: learned.until };
  throw stepRefused(
    'DATA_INVALID',
    `the training set has ${before.rows} rows of the ${asked.days} days before the window and ${held.rows} of its last ones; let it begin ${asked.days} days before the window`,
  );
}

async function backtest(
  input: Input,
  { earlier, held, until }: Halves,
  { version, current }: { readonly version: string; readonly current: VerifiedModel | undefined },
  { clients, trainer, runtime }: LearningParts,
  context: StepContext,
): Promise<Tested> {
  const { signal, key } = context;
  context.say(`backtest: the recipe learns from ${earlier.rows} earlier rows`);
  const sibling: TrainedModel = await trainer.train(jobOf(input, earlier, context), signal);
  const judged = { task: input.task, target: input.target, table: held };
  const metrics = await judgeModel(runtime, { model: sibling.model, features: input.features }, judged, signal);
  const name = input.backtest?.dataset ?? `backtest-${dayOf(until)}`;
  const dataset = { name, id: input.set, rows: held.rows };
  const registry = within(clients.registry, context);
  const { model } = input;
  await recordQuality(registry, { model, version, requestId: `${key}-backtest` }, dataset, metrics);
  const told = metricsText(metrics);
  if (current === undefined || current.version === version) return { dataset: dataset.name, metrics, told };
  const theirs = await judgeModel(runtime, current, judged, signal);
  // named after the version: another one may hold the alias when the step is begun again
  const theirKey = `${key}-backtest-of-${current.version}`;
  await recordQuality(registry, { model, version: current.version, requestId: theirKey }, dataset, theirs);
  return { dataset: dataset.name, metrics, told: `${told}; version ${current.version}: ${metricsText(theirs)}` };
}

/** Day of a window's end, or its last whole second. */
const dayOf = (until: Micros): string => new Date(Number(until / 1000n)).toISOString().replace(/T00:00:00\.000Z$/, '');

/** The version that the new one is compared with; undefined when nobody asks for that, or there is none yet. */
async function currentModel(
  { model, backtest: asked }: Input,
  { clients, trustedKeys }: LearningParts,
  context: StepContext,
): Promise<VerifiedModel | undefined> {
  if (asked?.alias === undefined) return undefined;
  const registry = within(clients.registry, context);
  try {
    const { version } = await registry.getModelVersion({ model, alias: asked.alias });
    if (!version) throw new Error('the registry answered without a version');
    return await downloadModel(
      registry,
      { workspace: context.workspace, model, version: version.version },
      trustedKeys(),
    );
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'not-found') return undefined; // the first version has nobody to beat
    throw error;
  }
}
