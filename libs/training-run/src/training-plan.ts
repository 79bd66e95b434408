import type { TrainingJob } from '@slipway/plugin-kit';
import type { LearningSet } from './learning-set.ts';

/** A column of the training set, and where predictions get it from: `view:feature` or `request:feature`. */
export interface ModelFeature {
  readonly column: string;
  readonly reference: string;
}

export interface TrainingPlan {
  readonly experimentId: string;
  readonly model: string;
  /** Of the version; the run has it as its name. */
  readonly description: string;
  readonly target: string;
  readonly task: TrainingJob['task'];
  /** In the order of the model's inputs. */
  readonly features: readonly ModelFeature[];
  /** Of the trainer. */
  readonly options: TrainingJob['options'];
  readonly seed: number;
  readonly training: LearningSet;
  /**
   * Column of the training table with event times, microseconds since 1970. With it a version of a binary classification gets a reference profile,
   * without it monitors cannot compare the version with its training set.
   */
  readonly timeColumn?: string | undefined;
  /** Rows that the profile is made of at most, evenly spaced over the set; 500 000 by default. */
  readonly profileRows?: number | undefined;
  /** What it is judged on, and the name of that. */
  readonly evaluation?: LearningSet & { readonly dataset: string };
  readonly outputMeanings: Readonly<Record<string, string>>;
  /** Makes a repeat of each step return the first answer. */
  readonly requestId: string;
  /** Milliseconds since 1970, of all metrics. */
  readonly at: number;
}
