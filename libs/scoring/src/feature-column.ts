import type { ColumnData } from '@slipway/plugin-kit';

/** Why a feature has the value it has: `NULL_VALUE` is a row without it, `OUTSIDE_MAX_AGE` one that is too old to count. */
export const FEATURE_STATUSES = ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'] as const;
export type FeatureStatus = (typeof FEATURE_STATUSES)[number];

/** One feature of all rows of a call, in their order. */
export interface FeatureColumn {
  /** `view:feature`, or `request:feature` for what the caller sent. */
  readonly name: string;
  readonly data: ColumnData;
  readonly statuses: readonly FeatureStatus[];
  /** Field of the request that brought it, e.g. `features[delays:mean_1h]`, for errors; absent for what was fetched. */
  readonly field?: string;
}
