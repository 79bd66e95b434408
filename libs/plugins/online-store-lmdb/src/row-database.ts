import type { OnlineRow, OnlineTable, StoredRow } from '@slipway/plugin-kit';
import { compareOnlineOrder } from '@slipway/plugin-kit';
import { open, type RootDatabase } from 'lmdb';
import type { LmdbConfig } from './config.ts';
import { FileSpace } from './file-space.ts';
import { mapFull } from './lmdb-errors.ts';
import { RowKeys } from './row-key.ts';
import { orderOf, RowEncoder, RowReader } from './stored-rows.ts';

const MEBIBYTE = 1024 * 1024;
/** Address space beyond the bound, for pages that are replaced and not yet free: growing the map later is possible and costs more. */
const MAP_SLACK = 1.25;

/** What a row takes beyond its keys and values: its order, and LMDB's own. */
const ROW_OVERHEAD_BYTES = 48;
/** New pages by the bytes of new rows: pages are half full after a split, and a large row ends in the middle of one. */
const FRESH_SHARE = 3;
/** Freed pages are listed in pages of their own; a few more than the least, as their list changes while it is written. */
const LIST_PAGES = 64;

interface TreePages {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface DatabaseStats extends TreePages {
  readonly pageSize: number;
  /** Of the last commit. */
  readonly lastPageNumber: number;
  /** The list of free pages. */
  readonly free: TreePages;
}

const pagesOf = (tree: TreePages): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;

/** The rows in their LMDB file. Everything here is synchronous, and errors are those of LMDB. */
export class RowDatabase {
  readonly #database: RootDatabase<Buffer, Uint8Array>;
  readonly #mebibytesMax: number;
  readonly #keys = new RowKeys();
  readonly #encoder = new RowEncoder();
  readonly #reader = new RowReader();
  readonly #space: FileSpace;
  /** Pages that the steps of this transaction may take from the end of the file. */
  #pagesPlanned = 0;

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
    this.#space = new FileSpace(path);
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
    this.#pagesPlanned = 0;
    this.#database.transactionSync(step);
  }

  /** Within a transaction: stores the rows that are greater than what is there. @returns how many. */
  storeGreater(table: OnlineTable, rows: readonly OnlineRow[]): number {
    this.#keys.select(table);
    const overhead = this.#keys.prefixBytes + ROW_OVERHEAD_BYTES;
    const bytes = rows.reduce((sum, row) => sum + overhead + row.key.byteLength + row.values.byteLength, 0);
    this.#makeRoom(rows.length, bytes);
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
    this.#makeRoom(limit, 0);
    this.#keys.select(table);
    const range = this.#keys.range();
    const keys = [...this.#database.getKeys({ start: start ?? range.start, end: range.end, limit })];
    for (const key of keys) this.#database.removeSync(key);
    return keys.length < limit ? undefined : keys.at(-1);
  }

  async close(): Promise<void> {
    await this.#database.close();
    this.#space.close();
  }

  /** For the pages that changing so many rows may take at most: a copy of each page they lie in, halves of split ones, and pages of large rows. */
  #makeRoom(rows: number, rowBytes: number): void {
    const stats = this.#stats();
    const copies = Math.min(rows, stats.treeLeafPageCount) + stats.treeBranchPageCount;
    const fresh = Math.ceil((FRESH_SHARE * rowBytes) / stats.pageSize);
    this.#pagesPlanned += copies + fresh + 2 * pagesOf(stats.free) + LIST_PAGES;
    this.#space.ensure((stats.lastPageNumber + 1 + this.#pagesPlanned) * stats.pageSize);
  }

  /** LMDB as bundled grows its map by itself, so the bound is kept here: by the pages in use, those of this transaction included. */
  #assertWithinBound(): void {
    const stats = this.#stats();
    if (pagesOf(stats) * stats.pageSize > this.#mebibytesMax * MEBIBYTE) throw mapFull(this.#mebibytesMax);
  }

  #stats(): DatabaseStats {
    return this.#database.getStats() as DatabaseStats;
  }
}
