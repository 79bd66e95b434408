import type { OnlineRow, OnlineTable, StoredRow } from '@slipway/plugin-kit';
import { compareOnlineOrder } from '@slipway/plugin-kit';
import { open, type RootDatabase } from 'lmdb';
import type { LmdbConfig } from './config.ts';
import { mapFull } from './lmdb-errors.ts';
import { RowKeys } from './row-key.ts';
import { orderOf, RowEncoder, RowReader } from './stored-rows.ts';

const MEBIBYTE = 1024 * 1024;
/** Address space beyond the bound, for pages that are replaced and not yet free: growing the map later is possible and costs more. */
const MAP_SLACK = 1.25;

interface PageCounts {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** The rows in their LMDB file. Everything here is synchronous, and errors are those of LMDB. */
export class RowDatabase {
  readonly #database: RootDatabase<Buffer, Uint8Array>;
  readonly #mebibytesMax: number;
  readonly #keys = new RowKeys();
  readonly #encoder = new RowEncoder();
  readonly #reader = new RowReader();

  constructor(path: string, config: LmdbConfig) {
    this.#mebibytesMax = config.mapSizeMebibytes;
    this.#database = open<Buffer, Uint8Array>({
      path,
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      mapSize: Math.ceil(config.mapSizeMebibytes * MAP_SLACK) * MEBIBYTE,
      // Its own scheme confirms commits before they are on the disk; ours are on the disk or, with `process`, with the operating system.
      overlappingSync: false,
      noSync: config.durability === 'process',
    });
  }

  /** Rows of `keys` as of now. `isFirst` starts a new view of the data; within a call all tables are of one moment. */
  read(table: OnlineTable, keys: readonly Uint8Array[], isFirst: boolean): (StoredRow | undefined)[] {
    if (isFirst) this.#database.resetReadTxn(); // else it could be of before another process's acknowledged write
    this.#keys.select(table);
    return keys.map((key) => {
      const bytes = this.#database.getBinaryFast(this.#keys.of(key));
      return bytes && this.#reader.read(bytes);
    });
  }

  /** Runs `step` in one transaction with an exclusive lock across threads and processes; nothing of it stays when it throws. */
  transaction(step: () => void): void {
    this.#database.transactionSync(step);
  }

  /** Within a transaction: stores the rows that are greater than what is there. @returns how many. */
  storeGreater(table: OnlineTable, rows: readonly OnlineRow[]): number {
    this.#keys.select(table);
    let stored = 0;
    for (const row of rows) {
      const key = this.#keys.of(row.key);
      const known = this.#database.getBinaryFast(key);
      if (known && compareOnlineOrder(orderOf(known), row) >= 0) continue;
      this.#database.putSync(key, this.#encoder.encode(row));
      stored += 1;
    }
    if (stored > 0) this.#assertWithinBound();
    return stored;
  }

  /** Within a transaction: removes up to `limit` rows of the table from `start` on. @returns where to go on; undefined when that was all. */
  removeSome(table: OnlineTable, start: Uint8Array | undefined, limit: number): Uint8Array | undefined {
    this.#keys.select(table);
    const range = this.#keys.range();
    const keys = [...this.#database.getKeys({ start: start ?? range.start, end: range.end, limit })];
    for (const key of keys) this.#database.removeSync(key);
    return keys.length < limit ? undefined : keys.at(-1);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** LMDB as bundled grows its map by itself, so the bound is kept here: by the pages in use, those of this transaction included. */
  #assertWithinBound(): void {
    const pages = this.#database.getStats() as PageCounts;
    const inUse = pages.treeBranchPageCount + pages.treeLeafPageCount + pages.overflowPages;
    if (inUse * pages.pageSize > this.#mebibytesMax * MEBIBYTE) throw mapFull(this.#mebibytesMax);
  }
}
