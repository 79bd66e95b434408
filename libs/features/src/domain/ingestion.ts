import type { Micros } from '@slipway/kernel';
import type { RejectionCount } from '@slipway/plugin-kit';

/** A file in the artifact store, by its content. */
export interface StoredFile {
  readonly sha256: string;
  readonly bytes: number;
}

/** One file of rows and what became of it. */
export interface Ingestion {
  readonly id: string;
  readonly source: string;
  /** Of the file as it came. */
  readonly sha256: string;
  readonly bytes: bigint;
  readonly description: string;
  readonly acceptedRows: bigint;
  readonly quarantinedRows: bigint;
  readonly breaches: readonly RejectionCount[];
  /** Arrival number of the first accepted row, or of the next row of the source when none was accepted. From 1. */
  readonly firstArrival: bigint;
  readonly eventTimes: { readonly first: Micros; readonly last: Micros } | undefined;
  readonly contractId: string;
  readonly contractVersion: string;
  /** Parquet; undefined when there is no such row. */
  readonly accepted: StoredFile | undefined;
  readonly quarantine: StoredFile | undefined;
  readonly principal: string;
  readonly createTime: Micros;
}

/** Accepted rows of one ingestion, as the engine reads them. */
export interface Segment {
  readonly file: StoredFile;
  readonly firstArrival: bigint;
  readonly rows: bigint;
}

/** How far a source is. A source without rows has none. */
export interface SourceState {
  readonly source: string;
  /** Arrival number of the newest row; also the number of accepted rows. */
  readonly arrival: bigint;
  readonly lastEventTime: Micros;
  /** Columns that all accepted rows have. */
  readonly columns: readonly string[];
}
