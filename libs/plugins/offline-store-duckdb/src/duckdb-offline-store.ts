import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  StartedCalls,
  type ArrivalsJob,
  type ArrivalsResult,
  type ColumnBatch,
  type ColumnSpec,
  type DriverDependencies,
  type IngestJob,
  type IngestResult,
  type LatestRows,
  type LocalTable,
  type OfflineStore,
  type PointInTimeJob,
  type PointInTimeResult,
  type RejectedRow,
  type ViewTable,
} from '@slipway/plugin-kit';
import { selectArrivals } from './arrivals.ts';
import { columnsOf } from './columns-of.ts';
import type { DuckdbConfig } from './config.ts';
import { fromDuckdb } from './duckdb-error.ts';
import { DuckdbEngine, type Session } from './engine.ts';
import { IndexCache } from './index-cache.ts';
import { ingest } from './ingest.ts';
import { readLatest } from './latest.ts';
import { joinPointInTime } from './point-in-time.ts';
import { readRejected } from './read-rejected.ts';
import { readRows } from './typed-rows.ts';

/**
 * Offline store of one process. Its directory holds `work` (files of running calls), `spill` (what does not fit into memory), both emptied when it
 * opens, and `index` (indexes of views, which outlive the process and may be deleted at any time while it does not run).
 */
export class DuckdbOfflineStore implements OfflineStore {
  readonly #dependencies: DriverDependencies;
  readonly #engine: DuckdbEngine;
  readonly #calls = new StartedCalls('offline store');
  readonly #cache: IndexCache;
  readonly #workDirectory: string;
  readonly #spillDirectory: string;
  readonly #indexDirectory: string;

  constructor(config: DuckdbConfig, dependencies: DriverDependencies) {
    this.#dependencies = dependencies;
    this.#workDirectory = join(dependencies.dataDirectory, 'work');
    this.#spillDirectory = join(dependencies.dataDirectory, 'spill');
    this.#indexDirectory = join(dependencies.dataDirectory, 'index');
    this.#engine = new DuckdbEngine(config, this.#spillDirectory);
    this.#cache = new IndexCache(this.#indexDirectory, config.cacheMebibytes, dependencies);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await Promise.all(
      [this.#workDirectory, this.#spillDirectory].map((path) => rm(path, { recursive: true, force: true })),
    );
    await Promise.all(
      [this.#workDirectory, this.#spillDirectory, this.#indexDirectory].map((path) => mkdir(path, { recursive: true })),
    );
    await this.#cache.removeUnfinished();
    await this.#engine.open();
    signal.throwIfAborted();
    this.#calls.open();
  }

  columnsOf(table: LocalTable, signal: AbortSignal): Promise<readonly ColumnSpec[]> {
    return this.#call(signal, (session) => columnsOf(session, table, this.#place()));
  }

  ingest(job: IngestJob, signal: AbortSignal): Promise<IngestResult> {
    return this.#call(signal, (session) => ingest(session, job, this.#place()));
  }

  readRejected(file: string, from: bigint, limit: number, signal: AbortSignal): Promise<readonly RejectedRow[]> {
    return this.#call(signal, (session) => readRejected(session, file, from, limit));
  }

  joinPointInTime(job: PointInTimeJob, signal: AbortSignal): Promise<PointInTimeResult> {
    return this.#call(signal, (session) => joinPointInTime(session, job, this.#place()));
  }

  selectArrivals(job: ArrivalsJob, signal: AbortSignal): Promise<ArrivalsResult> {
    return this.#call(signal, (session) => selectArrivals(session, job, this.#place()));
  }

  readRows(table: LocalTable, columns: readonly ColumnSpec[], signal: AbortSignal): AsyncGenerator<ColumnBatch> {
    return this.#stream(signal, (session) => readRows(session, table, columns, this.#place()));
  }

  readLatest(view: ViewTable, arrivedAfter: bigint, signal: AbortSignal): AsyncGenerator<LatestRows> {
    return this.#stream(signal, (session) => readLatest(session, view, arrivedAfter));
  }

  async close(): Promise<void> {
    await this.#calls.close();
    this.#engine.close();
  }

  #place(): { workDirectory: string; ids: DriverDependencies['ids']; cache: IndexCache } {
    return { workDirectory: this.#workDirectory, ids: this.#dependencies.ids, cache: this.#cache };
  }

  #call<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      try {
        return await this.#engine.session(signal, work);
      } catch (error) {
        throw fromDuckdb(error, undefined);
      }
    });
  }

  /** An iteration is a started call until it is over: `close` waits for it. */
  async *#stream<T>(signal: AbortSignal, work: (session: Session) => AsyncIterable<T>): AsyncGenerator<T> {
    let finish = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let running: Promise<void> | undefined;
    await new Promise<void>((resolve, reject) => {
      running = this.#calls.run(() => {
        resolve();
        return over;
      });
      running.catch(reject);
    });
    try {
      yield* this.#engine.streamSession(signal, work);
    } finally {
      finish();
      await running;
    }
  }
}
