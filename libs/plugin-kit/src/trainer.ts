import type { Secret } from '@slipway/kernel';
import type { Plugin } from './plugin.ts';
import type { ModelSignature } from './tensor.ts';

/** One column of a training table; all columns of a table have `rows` entries. */
export type TrainingColumn =
  | { readonly name: string; readonly kind: 'numeric'; readonly values: Float64Array }
  /** `codes[i]` is an index into `categories`. */
  | {
      readonly name: string;
      readonly kind: 'categorical';
      readonly categories: readonly string[];
      readonly codes: Uint32Array;
    };

export interface TrainingTable {
  readonly rows: number;
  readonly columns: readonly TrainingColumn[];
  /** Content hash of the data, recorded with the model. */
  readonly id: string;
  /** Parquet file on this machine that holds the same rows, where there is one; it may have more columns. */
  readonly file?: string;
}

/** The tracking run that a training belongs to, for drivers whose programs log to it themselves. */
export interface TrainingRun {
  readonly id: string;
  /** Base address of the gateway, e.g. `http://127.0.0.1:8080`. */
  readonly trackingUri: string;
  /** Absent where nobody checks callers. */
  readonly token?: Secret;
}

/** What a training ran in, as far as the driver can tell. */
export interface TrainingEnvironment {
  /** Exact versions, e.g. what `pip freeze` prints; empty when unknown. */
  readonly lock: string;
  /** Of the folder the program is in; absent when it is in no repository. */
  readonly git?: { readonly commit: string; readonly dirty: boolean };
}

export interface TrainingJob {
  readonly table: TrainingTable;
  /** Column to predict: numeric for regression; 0 and 1 for classification. Not a feature. */
  readonly target: string;
  readonly task: 'regression' | 'binary-classification';
  /** Columns to use, in the order of the model's inputs. */
  readonly features: readonly string[];
  /** Settings of the driver by name, e.g. `ridge`. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly seed: number;
  /** Called at least once a second while it works. `done` and `total` count `unit`s. */
  readonly onProgress: (progress: { done: number; total: number; unit: string }) => void;
  readonly run?: TrainingRun;
  /** Called with each line that a program of the driver writes, in order; long lines are cut. */
  readonly onLog?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface TrainedModel {
  readonly format: 'onnx';
  readonly model: Uint8Array;
  readonly signature: ModelSignature;
  /** Measured on the training table, e.g. `log_loss`, `auc`, `r2`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly environment?: TrainingEnvironment;
}

export interface Trainer {
  open(signal: AbortSignal): Promise<void>;
  /** Deterministic for equal jobs. @throws {InvalidArgumentError} on columns or options it cannot use, each named. */
  train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel>;
  close(): Promise<void>;
}

export type TrainerPlugin<Config = unknown> = Plugin<'trainer', Config, Trainer>;
