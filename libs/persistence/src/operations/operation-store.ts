import type { Micros } from '@slipway/kernel';
import type { Database } from '../database/open-database.ts';
import type { SqlRunner } from '../database/sql-runner.ts';
import { OperationChanges } from './operation-changes.ts';
import type { OperationKey, OperationRecord } from './operation.ts';
import {
  insertOperation,
  listOperations,
  purgeOperations,
  readCancelled,
  readOperation,
  reapOperations,
  renewLeases,
  requestCancel,
  updateOperation,
  type HeldOperation,
  type OperationChange,
  type OperationQuery,
} from './operation-rows.ts';

/** The operations of one service. Each write is one transaction with one attempt; those who call repeat it. */
export class OperationStore {
  readonly changes = new OperationChanges();
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Within the transaction that begins it. */
  create(sql: SqlRunner, record: OperationRecord): Promise<void> {
    return insertOperation(sql, record);
  }

  /** Within the transaction of whoever asks, who then tells `changes`. @returns whether this was the first to ask. */
  requestCancel(sql: SqlRunner, key: OperationKey, now: Micros): Promise<boolean> {
    return requestCancel(sql, key, now);
  }

  get(key: OperationKey): Promise<OperationRecord | undefined> {
    return this.#database.read(({ sql }) => readOperation(sql, key));
  }

  list(query: OperationQuery): Promise<readonly OperationRecord[]> {
    return this.#database.read(({ sql }) => listOperations(sql, query));
  }

  /** @returns undefined when `known` is not the newest revision, has another owner, or is final. */
  async update(known: OperationRecord, change: OperationChange, now: Micros): Promise<OperationRecord | undefined> {
    const updated = await this.#database.write(({ sql }) => updateOperation(sql, known, change, now));
    if (updated) this.changes.notify(known);
    return updated;
  }

  renew(owner: string, ids: readonly string[], until: Micros): Promise<readonly HeldOperation[]> {
    return this.#database.write(({ sql }) => renewLeases(sql, owner, ids, until));
  }

  cancelled(owner: string): Promise<readonly string[]> {
    return this.#database.read(({ sql }) => readCancelled(sql, owner));
  }

  /** Fails those whose lease ran out. */
  async reap(now: Micros): Promise<readonly OperationKey[]> {
    const reaped = await this.#database.write(({ sql }) => reapOperations(sql, now));
    for (const key of reaped) this.changes.notify(key);
    return reaped;
  }

  /** @returns how many final ones that last changed before a time were forgotten, at most `limit`. */
  purge(before: Micros, limit: number): Promise<number> {
    return this.#database.write(({ sql }) => purgeOperations(sql, before, limit));
  }
}
