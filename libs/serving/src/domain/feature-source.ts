import type { Micros } from '@slipway/kernel';
import type { ColumnData } from '@slipway/plugin-kit';
import type { FeatureColumn } from '@slipway/scoring';

export { FEATURE_STATUSES, type FeatureColumn, type FeatureStatus } from '@slipway/scoring';

/** Values by column name; all columns have the same length. */
export type Columns = ReadonlyMap<string, ColumnData>;

/** The rows of one view that a call was answered from. */
export interface ViewRows {
  readonly view: string;
  /** Microseconds, UTC, by row; 0 where there was no row. */
  readonly eventTimes: readonly Micros[];
}

export interface OnlineFeatures {
  /** In the order in which they were asked for. */
  readonly features: readonly FeatureColumn[];
  readonly views: readonly ViewRows[];
}

export interface FeatureRead {
  readonly workspace: string;
  /** `view:feature`, each once, one or more. */
  readonly features: readonly string[];
  /** Keys of the rows by join key, without nulls. */
  readonly entities: Columns;
  /** When ages are reckoned; now when undefined. */
  readonly asOf: Micros | undefined;
  /** From now; more than 0. */
  readonly timeoutMs: number;
  /** Of the call that the features are for. */
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/** Newest values of features by key. */
export interface FeatureSource {
  /**
   * All features of all views in one round trip.
   * @throws {InvalidArgumentError} when the keys are not those of the views, in the words of the request (`entities`).
   * @throws {FailedPreconditionError} when there is no such feature. @throws {UnavailableError} when the store does not answer in time.
   */
  read(request: FeatureRead, signal: AbortSignal): Promise<OnlineFeatures>;
}
