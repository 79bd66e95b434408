import type { MetricPoint } from './metric.ts';
import type { Page, PageRequest } from './paging.ts';

/** A point and whose it is. */
export interface RunPoint {
  readonly runId: string;
  readonly point: MetricPoint;
}

/**
 * How a few points stand for a history.
 * `extremes`: the steps from the first to the last one are cut into buckets of equal width; of each the first, the last, the least and the greatest
 * point are kept. `steps`: steps are taken evenly from those of all runs, and the first and the last step of each run; every point at such a step.
 */
export type SampleMethod = 'extremes' | 'steps';

export interface SampleQuery {
  /** None twice. */
  readonly runIds: readonly string[];
  readonly method: SampleMethod;
  /** First and last step that counts; absent is all for `extremes`, and all from 0 on for `steps`. */
  readonly range: StepRange | undefined;
  /** Of one series for `extremes`; steps of all runs together for `steps`. */
  readonly pointsMax: number;
}

/** Both inclusive, the first not after the last. */
export interface StepRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** Chosen points of one metric of one run, in the order of `comparePoints`. */
export interface SampledSeries {
  readonly runId: string;
  readonly key: string;
  readonly points: readonly MetricPoint[];
  /** Points that there are in the range. */
  readonly count: bigint;
}

/** Histories of metrics of one workspace. */
export interface HistoryReads {
  /** In the order of `comparePoints`. @throws {InvalidArgumentError} on a token that is not of this history. */
  history(runId: string, key: string, page: PageRequest): Promise<Page<MetricPoint>>;
  /** One run after the other, each as `history`. @throws {InvalidArgumentError} on a token that is not of these. */
  histories(runIds: readonly string[], key: string, page: PageRequest): Promise<Page<RunPoint>>;
  /** Of one metric, in the order of the runs; those without a point are left out. */
  sample(key: string, query: SampleQuery): Promise<readonly SampledSeries[]>;
}
