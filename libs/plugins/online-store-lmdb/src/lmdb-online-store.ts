import { join } from 'node:path';
import {
  assertOnlineReads,
  assertOnlineRows,
  assertOnlineTable,
  FailedPreconditionError,
  greatestByKey,
  StartedCalls,
  type DriverDependencies,
  type OnlineRead,
  type OnlineRow,
  type OnlineStore,
  type OnlineTable,
  type StoredRow,
} from '@slipway/plugin-kit';
import type { LmdbConfig } from './config.ts';
import { assertLmdbFile } from './file-header.ts';
import { assertRoomToOpen } from './file-space.ts';
import { mapped } from './lmdb-errors.ts';
import { RowDatabase } from './row-database.ts';
import { UseMarker } from './use-marker.ts';
import { WriteQueue } from './write-queue.ts';

const FILE = 'rows.mdb';
/** Rows of one step of a transaction: about 2 ms, so that reads of other callers come in between. */
const STEP_ROWS = 1_024;

interface Opened {
  readonly rows: RowDatabase;
  readonly writes: WriteQueue;
  readonly marker: UseMarker;
}

/** The online store inside the process: reads are copies out of the memory map, writes share transactions. */
export class LmdbOnlineStore implements OnlineStore {
  readonly capabilities = Object.freeze({ readKeysMax: 10_000, writeRowsMax: 10_000 });
  readonly #config: LmdbConfig;
  readonly #dependencies: DriverDependencies;
  readonly #calls = new StartedCalls('online store');
  #opened: Opened | undefined;
  #closed: Promise<void> | undefined;

  constructor(config: LmdbConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock, ids, dataDirectory } = this.#dependencies;
    this.#calls.open();
    const id = ids.next();
    const path = join(dataDirectory, FILE);
    const marker = new UseMarker(dataDirectory, path, id);
    const rows = mapped(() => {
      marker.assertTrusted();
      assertLmdbFile(path);
      assertRoomToOpen(join(dataDirectory, `space-${id}`));
      if (this.#config.durability === 'process') marker.start();
      return new RowDatabase(path, this.#config);
    });
    const writes = new WriteQueue(
      (step) => rows.transaction(step),
      () => clock.monotonicMs(),
    );
    this.#opened = { rows, writes, marker };
  }

  read(requests: readonly OnlineRead[], signal: AbortSignal): Promise<(StoredRow | undefined)[][]> {
    return this.#calls.run(async () => {
      signal.throwIfAborted();
      assertOnlineReads(requests, this.capabilities);
      const { rows } = this.#use();
      return mapped(() => requests.map(({ table, keys }, index) => rows.read(table, keys, index === 0)));
    });
  }

  write(table: OnlineTable, rows: readonly OnlineRow[], signal: AbortSignal): Promise<{ stored: number }> {
    return this.#calls.run(async () => {
      signal.throwIfAborted();
      assertOnlineRows(table, rows, this.capabilities);
      const { rows: database, writes } = this.#use();
      const greatest = greatestByKey(rows);
      const steps: Promise<number>[] = [];
      for (let from = 0; from < greatest.length; from += STEP_ROWS) {
        const part = greatest.slice(from, from + STEP_ROWS);
        steps.push(writes.submit(() => database.storeGreater(table, part)));
      }
      await Promise.allSettled(steps); // an error is not told before the rest is settled: `close` may follow it
      return { stored: (await Promise.all(steps)).reduce((sum, stored) => sum + stored, 0) };
    });
  }

  drop(table: OnlineTable, signal: AbortSignal): Promise<void> {
    return this.#calls.run(async () => {
      assertOnlineTable(table);
      const { rows, writes } = this.#use();
      let start: Uint8Array | undefined;
      do {
        signal.throwIfAborted();
        const from = start;
        start = await writes.submit(() => rows.removeSome(table, from, STEP_ROWS));
      } while (start); // forwards only, so that it ends while others write
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    await this.#calls.close();
    if (!this.#opened) return;
    await this.#opened.rows.close();
    this.#opened.marker.finish();
  }

  #use(): Opened {
    if (!this.#opened)
      throw new FailedPreconditionError('the online store did not open', { reason: 'DRIVER_NOT_OPEN' });
    return this.#opened;
  }
}
