import type { LabelledSums } from '@slipway/reference-profile';
import type { Day } from './day.ts';
import type { VersionRef } from './versions.ts';

/** Sums of one version over the rows of one day that it scored, answered or not. Additive over days. */
export interface VersionStats extends VersionRef {
  readonly rows: number;
  /** Rows that it answered. */
  readonly answered: number;
  readonly scoreSum: number;
  readonly labelled: LabelledSums;
  /** By bin of its reference; undefined without one. */
  readonly scores: readonly number[] | undefined;
  /** By feature and bin of its reference; undefined when nothing was counted. */
  readonly features: readonly (readonly number[])[] | undefined;
}

/** What is known of one day, for the blocks that there were when it was computed. */
export interface DayStats {
  readonly day: Day;
  /** Of the blocks that it was computed from. */
  readonly fingerprint: string;
  /** Distinct predictions, and those with an outcome. */
  readonly rows: number;
  readonly labelledRows: number;
  /** Sum over labelled rows of the loss of the score that was answered, and how many those were. */
  readonly answeredLogLossSum: number;
  readonly answeredLabelledRows: number;
  /** By model and version. */
  readonly versions: readonly VersionStats[];
}
