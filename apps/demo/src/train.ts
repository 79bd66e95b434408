import type { TrainedModel, Trainer, TrainingJob, TrainingTable } from '@slipway/plugin-kit';
import { auc, logLoss } from '@slipway/training';
import { TARGET } from './flights.ts';

export interface TrainingSurroundings {
  readonly seed: number;
  /** Of the trainer. */
  readonly options: TrainingJob['options'];
  readonly signal: AbortSignal;
  /** Gets a text for people. */
  readonly onProgress: (text: string) => void;
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
    },
    at.signal,
  );
}

export interface Quality {
  readonly auc: number;
  readonly logLoss: number;
}

export function qualityOf(labels: Float64Array, probabilities: Float64Array): Quality {
  return { auc: auc(labels, probabilities), logLoss: logLoss(labels, probabilities) };
}

/** The model that predicts the same rate for every flight: AUC one half, and a log loss that every model has to beat. */
export function baselineOf(trainLabels: Float64Array, labels: Float64Array): Quality {
  const rate = trainLabels.reduce((sum, label) => sum + label, 0) / trainLabels.length;
  return qualityOf(labels, new Float64Array(labels.length).fill(rate));
}
