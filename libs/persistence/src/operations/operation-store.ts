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
  releaseOperation,
  renewLeases,
  requestCancel,
  takeOverOperations,
  updateOperation,
  type HeldOperation,
  type OperationChange,
  type OperationQuery,
  type Resumable,
} from './operation-rows.ts';

const NOTHING: Resumable = { kinds: [], attemptsMax: 1 };

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

  /** Takes over what can be begun again, see `takeOverOperations`. */
  takeOver(
    resumable: Resumable,
    lease: { readonly owner: string; readonly until: Micros; readonly now: Micros; readonly limit: number },
  ): Promise<readonly OperationRecord[]> {
    return this.#database.write(({ sql }) => takeOverOperations(sql, resumable, lease));
  }

  /** Gives one back, see `releaseOperation`. */
  async release({ workspace, id, leaseOwner }: OperationRecord, now: Micros): Promise<void> {
    const key = { workspace, id };
    const released = await this.#database.write(({ sql }) => releaseOperation(sql, key, leaseOwner, now));
    if (released) this.changes.notify(key);
  }

  /** Fails those whose lease ran out and that cannot be begun again. */
  async reap(now: Micros, resumable: Resumable = NOTHING): Promise<readonly OperationKey[]> {
    const reaped = await this.#database.write(({ sql }) => reapOperations(sql, now, resumable));
    for (const key of reaped) this.changes.notify(key);
    return reaped;
  }

  /** @returns how many final ones that last changed before a time were forgotten, at most `limit`. */
  purge(before: Micros, limit: number): Promise<number> {
    return this.#database.write(({ sql }) => purgeOperations(sql, before, limit));
  }
}
