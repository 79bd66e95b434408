import type { Micros } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import type { FeatureJoinPlan } from './feature-join-plan.ts';
import type { StoredFile } from './ingestion.ts';

/** Entity rows with features as of their times. */
export interface TrainingSet {
  /** sha256 over names, types and values in the order of the rows. */
  readonly id: string;
  readonly name: string;
  /** `view:feature`. */
  readonly features: readonly string[];
  readonly columns: readonly ColumnSpec[];
  readonly rows: bigint;
  readonly createdCutoff: boolean;
  readonly files: readonly (StoredFile & { readonly rows: number })[];
  readonly nulls: Readonly<Record<string, number>>;
  readonly repositoryRevision: bigint;
  /** Arrival number up to which rows were seen, by source, as decimal text. */
  readonly arrivals: Readonly<Record<string, string>>;
  readonly principal: string;
  readonly createTime: Micros;
}

/** Everything that decides the content of a training set; plain JSON, so that another process can make it. */
export interface TrainingSetPlan extends FeatureJoinPlan {
  readonly name: string;
  readonly format: 'parquet' | 'csv';
  readonly eventTimeColumn: string;
  readonly entities: StoredFile;
  readonly entityColumns: readonly ColumnSpec[];
}
