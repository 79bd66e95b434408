import type { BusMessage } from '@slipway/plugin-kit';
import Database from 'better-sqlite3';
import { prepareDatabase } from './schema.ts';
import { mapped } from './sqlite-errors.ts';

/** A stored message; `sequence` stays below 2^53, which no process reaches. */
export interface LogRow {
  readonly sequence: number;
  readonly id: string;
  readonly subject: string;
  readonly key: string;
  readonly headers: string;
  readonly stored_at: number;
  readonly data: Uint8Array;
}

export interface Appended {
  readonly sequence: number;
  readonly duplicate: boolean;
}

/** Every statement that touches messages and ids; positions of durables are in `DurableTable`. */
export class EventLog {
  readonly database: Database.Database;
  /** Given once, when the file was made. */
  readonly id: string;
  readonly #findId;
  readonly #append;
  readonly #putId;
  readonly #read;
  readonly #bounds;
  readonly #deleteIds;
  readonly #deleteRows;
  readonly #lastOlderThan;

  private constructor(database: Database.Database, id: string) {
    this.database = database;
    this.id = id;
    this.#findId = database.prepare<[string, number], { sequence: number }>(
      'SELECT sequence FROM message_ids WHERE id = ? AND stored_at > ?',
    );
    this.#append = database.prepare<[string, string, string, string, number, Uint8Array]>(
      'INSERT INTO log (id, subject, key, headers, stored_at, data) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#putId = database.prepare<[string, number, number]>(
      'INSERT INTO message_ids VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, stored_at = excluded.stored_at',
    );
    this.#read = database.prepare<[number, number, string, string, number], LogRow>(
      `SELECT sequence, id, subject, key, headers, stored_at, data FROM log
       WHERE sequence > ? AND sequence <= ? AND subject GLOB ?
         AND NOT EXISTS (SELECT 1 FROM acknowledged a WHERE a.durable = ? AND a.sequence = log.sequence)
       ORDER BY sequence LIMIT ?`,
    );
    this.#bounds = database.prepare<[], { first: number | null; last: number | null }>(
      `SELECT (SELECT min(sequence) FROM log) AS first,
              (SELECT seq FROM sqlite_sequence WHERE name = 'log') AS last`,
    );
    this.#deleteIds = database.prepare<[number, number]>(
      'DELETE FROM message_ids WHERE id IN (SELECT id FROM message_ids WHERE stored_at <= ? ORDER BY stored_at LIMIT ?)',
    );
    this.#deleteRows = database.prepare<[number, number]>(
      'DELETE FROM log WHERE sequence IN (SELECT sequence FROM log WHERE sequence <= ? ORDER BY sequence LIMIT ?)',
    );
    this.#lastOlderThan = database.prepare<[number, number], { sequence: number }>(
      `WITH oldest AS MATERIALIZED (SELECT sequence, stored_at FROM log ORDER BY sequence LIMIT ?)
       SELECT coalesce((SELECT min(sequence) FROM oldest WHERE stored_at > ?) - 1, (SELECT max(sequence) FROM oldest), 0) AS sequence`,
    );
  }

  /** @throws {DomainError} when the file is in use elsewhere, damaged or cannot be written. */
  static open(path: string, durability: 'process' | 'power', newId: () => string): EventLog {
    return mapped(() => {
      const database = new Database(path, { timeout: 0 });
      try {
        return new EventLog(database, prepareDatabase(database, durability, newId));
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /** Runs `step` in one transaction: all of it is durable when this returns, or nothing. */
  transaction<T>(step: () => T): T {
    return mapped(() => this.database.transaction(step).immediate());
  }

  /** Within a transaction. */
  append(message: BusMessage, nowMs: number, windowMs: number): Appended {
    const known = this.#findId.get(message.id, nowMs - windowMs);
    if (known) return { sequence: known.sequence, duplicate: true };
    const { lastInsertRowid } = this.#append.run(
      message.id,
      message.subject,
      message.key,
      JSON.stringify(message.headers),
      nowMs,
      message.data,
    );
    const sequence = Number(lastInsertRowid);
    this.#putId.run(message.id, sequence, nowMs);
    return { sequence, duplicate: false };
  }

  /**
   * Rows after `after` and up to `upTo` that match `glob` and that the durable has not acknowledged, in order, at most `limit`.
   * The glob is wider than the filter it stands for: see `globOf`.
   */
  read(after: number, upTo: number, glob: string, durable: string, limit: number): LogRow[] {
    return mapped(() => this.#read.all(after, upTo, glob, durable, limit));
  }

  /** The oldest stored sequence (undefined when nothing is stored) and the newest ever given. */
  bounds(): { first: number | undefined; last: number } {
    const row = mapped(() => this.#bounds.get());
    return { first: row?.first ?? undefined, last: row?.last ?? 0 };
  }

  /** Everything up to the returned sequence was stored at or before `atMs`, looking at the oldest `scan` rows only; 0 when nothing was. */
  lastStoredBefore(atMs: number, scan: number): number {
    return mapped(() => this.#lastOlderThan.get(scan, atMs)?.sequence ?? 0);
  }

  /** @returns how many were deleted, at most `limit`. */
  deleteUpTo(sequence: number, limit: number): number {
    return mapped(() => this.#deleteRows.run(sequence, limit).changes);
  }

  /** @returns how many were forgotten, at most `limit`. */
  forgetIds(storedBeforeMs: number, limit: number): number {
    return mapped(() => this.#deleteIds.run(storedBeforeMs, limit).changes);
  }

  close(): void {
    this.database.close();
  }
}

/** A GLOB that every subject of the filter matches; it also lets through some that do not, as its `*` crosses dots. */
export function globOf(filter: string): string {
  return filter
    .split('.')
    .map((token) => (token === '>' ? '*' : token.replaceAll(/[?[\]]/g, (special) => `[${special}]`)))
    .join('.');
}
