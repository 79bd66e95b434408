import type {
  LoadedModel,
  ModelRuntime,
  TrainedModel,
  Trainer,
  TrainingJob,
  TrainingRun,
  TrainingTable,
} from '@slipway/plugin-kit';
import { auc, logLoss } from '@slipway/training';
import { TARGET } from './flights.ts';
import { tensorsOf } from './tensors.ts';

const EVALUATION_BATCH_ROWS = 8192;

export interface TrainingSurroundings {
  readonly seed: number;
  /** Of the trainer. */
  readonly options: TrainingJob['options'];
  readonly signal: AbortSignal;
  /** Gets a text for people. */
  readonly onProgress: (text: string) => void;
  /** For trainers whose programs log to the run themselves. */
  readonly run?: TrainingRun | undefined;
}

/** Options of the built-in trainer: an unknown delay counts as the mean one. */
export const linearOptions = (ridge: number) => ({ ridge, missing: 'mean' });

/** Logistic regression, or what the trainer makes of it, on the named columns. */
export function trainLateness(
  trainer: Trainer,
  table: TrainingTable,
  features: readonly string[],
  at: TrainingSurroundings,
): Promise<TrainedModel> {
  return trainer.train(
    {
      table,
      target: TARGET,
      task: 'binary-classification',
      features,
      options: at.options,
      seed: at.seed,
      onProgress: ({ done, total, unit }) => at.onProgress(`training: ${done} of ${total} ${unit}`),
      onLog: (line) => at.onProgress(line),
      ...(at.run && { run: at.run }),
    },
    at.signal,
  );
}

/** 1 for late flights, 0 for the others. */
export function labelsOf(table: TrainingTable): Float64Array {
  const column = table.columns.find((candidate) => candidate.name === TARGET);
  if (column?.kind !== 'numeric') throw new Error(`no column '${TARGET}'`);
  return column.values;
}

export interface Quality {
  readonly auc: number;
  readonly logLoss: number;
}

export function qualityOf(labels: Float64Array, probabilities: ArrayLike<number>): Quality {
  return { auc: auc(labels, probabilities), logLoss: logLoss(labels, probabilities) };
}

/** The model that predicts the same rate for every flight: AUC one half, and a log loss that every model has to beat. */
export function baselineOf(trainLabels: Float64Array, labels: Float64Array): Quality {
  const rate = trainLabels.reduce((sum, label) => sum + label, 0) / trainLabels.length;
  return qualityOf(labels, new Float64Array(labels.length).fill(rate));
}

/** Probabilities for every row, computed in this process with the runtime that serving uses. */
export async function scoreLocally(
  runtime: ModelRuntime,
  trained: Pick<TrainedModel, 'model' | 'format'>,
  table: TrainingTable,
  features: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array> {
  const model: LoadedModel = await runtime.load(trained.model, trained.format, signal);
  try {
    const probabilities = new Float32Array(table.rows);
    for (let from = 0; from < table.rows; from += EVALUATION_BATCH_ROWS) {
      const until = Math.min(from + EVALUATION_BATCH_ROWS, table.rows);
      const [output] = await model.run(tensorsOf(table, features, from, until), ['probability'], signal);
      if (output?.datatype !== 'FP32') throw new Error('the model has no FP32 output `probability`');
      probabilities.set(output.data, from);
    }
    return probabilities;
  } finally {
    await model.close();
  }
}
