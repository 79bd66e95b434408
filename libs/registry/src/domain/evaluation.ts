import type { Micros } from '@slipway/kernel';

/** How a version did on a dataset. */
export interface Evaluation {
  readonly id: string;
  readonly model: string;
  readonly version: bigint;
  /** Order among the evaluations of the model: a greater one is newer. */
  readonly sequence: bigint;
  readonly dataset: string;
  /** Empty when not known. */
  readonly datasetSha256: string;
  readonly rows: bigint;
  /** Finite values by name. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly principal: string;
  readonly time: Micros;
}

/** Bound on what gates have to look through: pairs of metric and dataset of one version. */
export const NEWEST_METRICS_MAX = 10_000;
