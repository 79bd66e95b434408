import type { Micros } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import type { FeatureJoinPlan } from '../feature-join-plan.ts';
import type { StoredFile } from '../ingestion.ts';

/** Name of the column with the arrival number, after the columns of the source. */
export const ARRIVAL_COLUMN = 'arrival';

/** Rows of a source from one position of a consumer to another, with features as of their event times. */
export interface ScoringSet {
  readonly id: string;
  readonly consumer: string;
  readonly source: string;
  /** Arrival numbers: after the first, up to and with the second. */
  readonly fromExclusive: bigint;
  readonly toInclusive: bigint;
  /** `view:feature`. */
  readonly features: readonly string[];
  readonly columns: readonly ColumnSpec[];
  readonly rows: bigint;
  /** In the order of arrival; none when there is no row. */
  readonly files: readonly (StoredFile & { readonly rows: number })[];
  readonly contentSha256: string;
  readonly repositoryRevision: bigint;
  readonly principal: string;
  readonly createTime: Micros;
  /** When its rows began to count as used, and where the results are. */
  readonly commit: { readonly time: Micros; readonly manifestUri: string } | undefined;
}

/** Everything that decides the content of a scoring set; plain JSON, so that another process can make it. */
export interface ScoringSetPlan extends FeatureJoinPlan {
  readonly consumer: string;
  readonly source: string;
  /** Arrival numbers: the position of the consumer, and the last row that may be taken. */
  readonly fromExclusive: string;
  readonly upToInclusive: string;
  /** Event time in microseconds that ends the set; empty for none. */
  readonly until: string;
  /** Event times in microseconds between which rows are taken; empty for none. */
  readonly from: string;
  readonly before: string;
}

/** How far a consumer is in a source. */
export interface ConsumerPosition {
  readonly consumer: string;
  readonly source: string;
  readonly arrival: bigint;
  readonly updateTime: Micros;
}
