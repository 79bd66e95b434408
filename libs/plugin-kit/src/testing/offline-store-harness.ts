import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatMicros } from '@slipway/kernel';
import type { ColumnBatch, ColumnData, ColumnSpec } from '../column.ts';
import type {
  ArrivalsJob,
  ArrivalsResult,
  ColumnRules,
  IngestJob,
  IngestResult,
  LatestRows,
  LocalTable,
  OfflineStore,
  PointInTimeJob,
  PointInTimeResult,
  ViewFeature,
  ViewTable,
} from '../offline-store.ts';

/** What one test works on: stores over a data directory, and an empty directory for its files. */
export interface OfflineStorage {
  /** A store, not opened yet. The stores of one storage are open one after the other. */
  create(): OfflineStore;
  /** Absolute path of an existing, empty directory. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** Integers and timestamps are bigint. */
export type Value = string | bigint | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** Never aborts. */
export const never: AbortSignal = new AbortController().signal;
export const HOUR = 3_600_000_000n;
/** 2001-01-01T00:00:00Z. */
export const START = 978_307_200_000_000n;

/** One open store and names for the files of a test. */
export class Bench {
  readonly store: OfflineStore;
  readonly directory: string;
  #files = 0;

  constructor(store: OfflineStore, directory: string) {
    this.store = store;
    this.directory = directory;
  }

  path(ending: string): string {
    this.#files += 1;
    return join(this.directory, `${this.#files}.${ending}`);
  }

  /** Writes exactly this text. */
  csvText(content: string): LocalTable {
    const file = this.path('csv');
    writeFileSync(file, content);
    return { file, format: 'csv' };
  }

  /** Writes rows as CSV; a null is an empty field, and so is the empty text. */
  csv(columns: readonly ColumnSpec[], rows: readonly Row[]): LocalTable {
    const lines = rows.map((row) => columns.map(({ name, type }) => field(textOf(row[name] ?? null, type))).join(','));
    return this.csvText([columns.map(({ name }) => field(name)).join(','), ...lines, ''].join('\n'));
  }

  /** Ingests a file; what `options` leaves out has the plainest value. */
  async ingest(input: LocalTable, options: IngestOptions): Promise<Ingested> {
    const { columns, rules = {}, ...rest } = options;
    const job: IngestJob = {
      input,
      columns: columns.map((column) => ({ ...column, rules: rules[column.name] ?? {} })),
      uniqueKey: [],
      firstArrival: 0n,
      acceptedFile: this.path('accepted.parquet'),
      rejectedFile: this.path('rejected.parquet'),
      ...rest,
    };
    const result = await this.store.ingest(job, options.signal ?? never);
    return { ...result, acceptedFile: job.acceptedFile, rejectedFile: job.rejectedFile };
  }

  /** Accepted rows of a file that keep every rule. @param eventTime and `createdTime`: names of columns. */
  async accept(columns: readonly ColumnSpec[], rows: readonly Row[], options: AcceptOptions): Promise<string> {
    const result = await this.ingest(this.csv(columns, rows), { columns, ...options });
    if (result.rejectedRows > 0) throw new Error(`rows were rejected: ${JSON.stringify(result.rejections)}`);
    return result.acceptedFile;
  }

  join(
    job: Omit<PointInTimeJob, 'outputFile' | 'onProgress'> & Partial<PointInTimeJob>,
    signal = never,
  ): Promise<Joined> {
    const outputFile = this.path('joined.parquet');
    const whole = { outputFile, onProgress: () => undefined, ...job };
    return this.store.joinPointInTime(whole, signal).then((result) => ({ ...result, file: whole.outputFile }));
  }

  /**
   * Rows of a Parquet file in the order of column `row`, through the port itself: ingested, then read as the latest rows of keys that are all
   * different. Needs columns `row` (integer, unique) and `stamp` (timestamp, without nulls).
   */
  async read(file: string, columns: readonly ColumnSpec[]): Promise<readonly Row[]> {
    const { acceptedFile } = await this.ingest({ file, format: 'parquet' }, { columns, eventTime: 'stamp' });
    const view = plainView(
      'read',
      [acceptedFile],
      columns.filter(({ name }) => name === 'row'),
      columns,
    );
    const rows = await this.latest({ ...view, snapshotId: file });
    return rows.map((row) => Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))).sort(byRow);
  }

  /** Rows of `readRows` as objects. */
  async rows(table: LocalTable, columns: readonly ColumnSpec[]): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const batch of this.store.readRows(table, columns, never)) rows.push(...plainRowsOf(batch));
    return rows;
  }

  /** Rows of `selectArrivals` as objects. */
  async arrivals(job: Omit<ArrivalsJob, 'outputFile' | 'arrivalColumn'>): Promise<Arrived> {
    const file = this.path('arrived.parquet');
    const result = await this.store.selectArrivals({ ...job, arrivalColumn: 'arrival', outputFile: file }, never);
    const columns: readonly ColumnSpec[] = [...job.columns, { name: 'arrival', type: 'integer' }];
    return { ...result, file, columns, content: await this.rows({ file, format: 'parquet' }, columns) };
  }

  /** Rows of `readLatest` as objects, with `__event`, `__created` and `__arrival`. */
  async latest(view: ViewTable, arrivedAfter = -1n): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const batch of this.store.readLatest(view, arrivedAfter, never)) rows.push(...rowsOf(batch));
    return rows;
  }
}

export type IngestOptions = Partial<Omit<IngestJob, 'columns'>> & {
  readonly columns: readonly (ColumnSpec & { sourceColumn?: string })[];
  readonly eventTime: string;
  readonly rules?: Readonly<Record<string, ColumnRules>>;
  readonly signal?: AbortSignal;
};
export type AcceptOptions = Pick<IngestJob, 'eventTime'> & Partial<Pick<IngestJob, 'createdTime' | 'firstArrival'>>;
export type Ingested = IngestResult & { readonly acceptedFile: string; readonly rejectedFile: string };
export type Joined = PointInTimeResult & { readonly file: string };

export type Arrived = ArrivalsResult & {
  readonly file: string;
  readonly columns: readonly ColumnSpec[];
  readonly content: readonly Row[];
};

/** A view with each column that is no key as a feature of the same name. */
export function plainView(
  name: string,
  files: readonly string[],
  keys: readonly ColumnSpec[],
  columns: readonly ColumnSpec[],
): ViewTable {
  const features = columns
    .filter((column) => !keys.some((key) => key.name === column.name))
    .map((column): ViewFeature => ({ name: column.name, type: column.type, from: { column: column.name } }));
  return { name, files, snapshotId: files.join('|'), keys, features };
}

/** Objects for the rows of a batch of latest rows. @throws when an array of the batch has another length than it should. */
export function rowsOf(batch: LatestRows): readonly Row[] {
  const { eventTimes, createdTimes, arrivals } = batch;
  if ([eventTimes, createdTimes, arrivals].some(({ length }) => length !== batch.rows))
    throw new Error('an array of the batch has not one entry per row');
  return plainRowsOf(batch).map((row, index) => ({
    ...row,
    __event: eventTimes[index] ?? null,
    __created: createdTimes[index] ?? null,
    __arrival: arrivals[index] ?? null,
  }));
}

/** Objects for the rows of a batch. @throws when an array of the batch has another length than it should. */
export function plainRowsOf({ rows, columns }: ColumnBatch): readonly Row[] {
  if (columns.some(({ data }) => data.values.length !== rows || data.present.length !== rows))
    throw new Error('an array of the batch has not one entry per row');
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name, data }) => [name, valueAt(data, row)])),
  );
}

function valueAt(data: ColumnData, row: number): Value {
  if (data.present[row] !== 1) return null;
  const value = data.values[row] ?? null;
  return data.type === 'boolean' ? value === 1 : value;
}

const byRow = (a: Row, b: Row): number => Number(BigInt(String(a['row'])) - BigInt(String(b['row'])));

const textOf = (value: Value, type: ColumnSpec['type']): string =>
  value === null ? '' : type === 'timestamp' && typeof value === 'bigint' ? formatMicros(value) : String(value);

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
