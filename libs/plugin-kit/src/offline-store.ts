import type { ColumnBatch, ColumnSpec, ColumnType } from './column.ts';
import type { Plugin } from './plugin.ts';

/** A file on this machine, readable while the call runs. */
export interface LocalTable {
  readonly file: string;
  readonly format: 'parquet' | 'csv';
}

/** What a value must be. Bounds are inclusive; lengths count characters; `pattern` is an RE2 expression that has to match the whole text. */
export interface ColumnRules {
  readonly required?: boolean;
  /** Within the rows of one file; the first row that has the value keeps it. */
  readonly unique?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly validValues?: readonly string[];
}

export interface IngestColumn extends ColumnSpec {
  /** Its name in the file, when that is another one. */
  readonly sourceColumn?: string;
  readonly rules: ColumnRules;
}

export interface IngestJob {
  readonly input: LocalTable;
  /** Columns of the file that are not named here are left out. */
  readonly columns: readonly IngestColumn[];
  /** Columns of type timestamp. Without `createdTime` a row counts as known from its event time on. A null in either breaks rule `required`. */
  readonly eventTime: string;
  readonly createdTime?: string;
  /** Columns whose combination is unique within the file, e.g. the primary key of the contract; may be empty. */
  readonly uniqueKey: readonly string[];
  /** Arrival number of the first row; the others follow in the order of the file, rejected rows without a number. */
  readonly firstArrival: bigint;
  /** Files to write, Parquet; both must not exist. The second one is not written when no row is rejected. */
  readonly acceptedFile: string;
  readonly rejectedFile: string;
}

/** Rows that broke one rule of one column. */
export interface RejectionCount {
  readonly column: string;
  /** Name of a rule of `ColumnRules`, `type` for text that is not of the column's type, or `uniqueKey`. */
  readonly rule: string;
  readonly rows: number;
}

export interface IngestResult {
  readonly acceptedRows: number;
  readonly rejectedRows: number;
  /** By column and rule; a row counts for each rule that it broke. */
  readonly rejections: readonly RejectionCount[];
  /** Of accepted rows; undefined when there is none. */
  readonly eventTimes: { readonly first: bigint; readonly last: bigint } | undefined;
}

/** One rejected row as it was read. */
export interface RejectedRow {
  /** From 0, in the order of the file. */
  readonly row: bigint;
  readonly breaches: readonly { readonly column: string; readonly rule: string; readonly reason: string }[];
  /** Text of each column of the file, null where there was none. */
  readonly values: Readonly<Record<string, string | null>>;
}

/** Mean, sum, ... of a column over the rows of the same keys that became known in the `windowMicros` before, bounds inclusive. */
export interface WindowAggregation {
  readonly function: 'mean' | 'sum' | 'count' | 'minimum' | 'maximum';
  readonly column: string;
  readonly windowMicros: bigint;
}

export interface ViewFeature {
  readonly name: string;
  readonly type: ColumnType;
  /** Column of the source, or an aggregation of one. */
  readonly from: { readonly column: string } | { readonly aggregation: WindowAggregation };
}

/**
 * A feature view over accepted rows. Each source row is one row of the view: its keys, event time and created time, and the features. A row is
 * *known* from the later of its event time and its created time on; an aggregation at a row covers the rows of its keys known at that time at
 * the latest and not earlier than the window before it.
 */
export interface ViewTable {
  readonly name: string;
  /** Accepted files in the order of their arrival numbers. */
  readonly files: readonly string[];
  /** Names what `files` hold, so that what is derived from them can be kept; equal only for equal files. */
  readonly snapshotId: string;
  readonly keys: readonly ColumnSpec[];
  readonly features: readonly ViewFeature[];
}

export interface JoinedView {
  readonly view: ViewTable;
  /** Column of the entity rows for each key of the view, in the order of `view.keys`. */
  readonly entityColumns: readonly string[];
  /** Features to take, and their names in the result. */
  readonly features: readonly { readonly feature: string; readonly output: string }[];
  /** Rows older than this before the time of the entity row do not count, the bound itself does; 0 is no limit. */
  readonly ttlMicros: bigint;
  /** Rows created after the time of the entity row do not count. Without it what was learned later leaks in. */
  readonly createdCutoff: boolean;
}

export interface PointInTimeJob {
  readonly entities: LocalTable;
  /** Columns of the entity rows to take, in their order. */
  readonly entityColumns: readonly ColumnSpec[];
  /** Column of type timestamp. */
  readonly eventTime: string;
  readonly views: readonly JoinedView[];
  /** Parquet to write; must not exist. */
  readonly outputFile: string;
  /** Called now and then. */
  readonly onProgress: (progress: { done: number; total: number; unit: string }) => void;
}

export interface PointInTimeResult {
  readonly rows: number;
  readonly columns: readonly ColumnSpec[];
  /** sha256 over names, types and values in the order of the rows; the same for the same content, however the file is laid out. */
  readonly contentSha256: string;
  /** By column of the result. */
  readonly nulls: Readonly<Record<string, number>>;
}

export interface ArrivalsJob {
  /** Accepted files in the order of their arrival numbers; may be empty. */
  readonly files: readonly string[];
  /** Columns to take. Null for the rows of a file that lacks one: contracts grow. */
  readonly columns: readonly ColumnSpec[];
  /** Name of the column, of type integer, that the arrival number gets; after the others. */
  readonly arrivalColumn: string;
  /** Rows with arrival numbers above the first up to and with the second. */
  readonly after: bigint;
  readonly upTo: bigint;
  /** The first row, in the order of arrival, whose event time is not before this ends the selection. */
  readonly until?: bigint;
  /** Rows whose event time is before the first, or not before the second, are left out. */
  readonly from?: bigint;
  readonly before?: bigint;
  /** Parquet to write, also for no rows; must not exist. */
  readonly outputFile: string;
}

export interface ArrivalsResult {
  readonly rows: number;
  /** Arrival number of the last row that was looked at, taken or left out; `after` when there is none. */
  readonly lastArrival: bigint;
}

/** The row of a key that counts now. */
export interface LatestRows extends ColumnBatch {
  readonly eventTimes: BigInt64Array;
  readonly createdTimes: BigInt64Array;
  /**
   * Of the newest row of the key, whether it is the one that counts or not: what counts was found with that row in sight, so it takes the place of
   * what was found before, also where only a window of it has changed.
   */
  readonly arrivals: BigInt64Array;
}

/**
 * Computes over files of feature rows: checks raw rows against rules, joins them to entity rows as of their time, finds what counts now. All files
 * are local; where they are kept is its user's business. Safe for concurrent calls, which share the memory it is allowed.
 *
 * Of several rows the one with the greatest (event time, created time, arrival) counts.
 * All calls: @throws the signal's reason once it aborts, leaving no output file; FailedPreconditionError before `open` and after `close`;
 * InvalidArgumentError, naming column and file, for a file that cannot be read or lacks a column.
 */
export interface OfflineStore {
  /** Usable, or failed before `signal` aborts; called once. */
  open(signal: AbortSignal): Promise<void>;
  /** Columns of a file, with the type they would be read as, in their order. */
  columnsOf(table: LocalTable, signal: AbortSignal): Promise<readonly ColumnSpec[]>;
  /** Splits the rows of a file into those that keep the rules and those that do not. Values that cannot be cast break rule `type`. */
  ingest(job: IngestJob, signal: AbortSignal): Promise<IngestResult>;
  /** Rejected rows in the order of the file, from row number `from` on, at most `limit`. */
  readRejected(file: string, from: bigint, limit: number, signal: AbortSignal): Promise<readonly RejectedRow[]>;
  /**
   * One result row for each entity row, in their order: its columns and the features of the row that counts among those with the same keys whose
   * event time is not after the time of the entity row. Null where no row counts, and where the feature of the row that counts is null.
   */
  joinPointInTime(job: PointInTimeJob, signal: AbortSignal): Promise<PointInTimeResult>;
  /** Accepted rows as they arrived, in the order of arrival. */
  selectArrivals(job: ArrivalsJob, signal: AbortSignal): Promise<ArrivalsResult>;
  /**
   * Columns of a file, in the order of its rows. Batches of at most 65536 rows.
   * @throws {InvalidArgumentError} naming the first value that is not of its column's type, before the first batch.
   */
  readRows(table: LocalTable, columns: readonly ColumnSpec[], signal: AbortSignal): AsyncIterable<ColumnBatch>;
  /** For each key with a row that arrived after `arrivedAfter`: the row of that key that counts, whenever it arrived. Batches of at most 65536 rows. */
  readLatest(view: ViewTable, arrivedAfter: bigint, signal: AbortSignal): AsyncIterable<LatestRows>;
  close(): Promise<void>;
}

export type OfflineStorePlugin<Config = unknown> = Plugin<'offline-store', Config, OfflineStore>;
