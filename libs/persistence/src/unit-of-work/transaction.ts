import type { Caller, EventDefinition, Micros } from '@slipway/kernel';
import type { EntityManager } from '@mikro-orm/sql';
import type { SqlRunner } from '../database/sql-runner.ts';

/** On whose behalf a unit of work runs; ends up in its events and audit rows. */
export interface UnitOfWorkContext {
  readonly caller: Caller;
  /** Id of the call, for audit and logs; not the client's `request_id`. */
  readonly requestId: string;
  /** W3C trace context of the call; travels with the events. */
  readonly traceparent?: string;
}

/** Facts that become public when, and only when, the transaction commits. */
export interface Outbox {
  /**
   * Keeps the fact until the commit. Order among facts of one workspace and key is the order of commits, and within a transaction of calls.
   * @returns the id of the event.
   * @throws {Error} when the payload does not fit its message. @throws {ExhaustedError} when the event is larger than a bus carries.
   */
  add<Payload extends object>(definition: EventDefinition<Payload>, payload: Payload): string;
}

/** What happened, for people who ask later. Principal, workspace, time and call are added from the transaction. */
export interface AuditEntry {
  /** What was done, e.g. `registry.aliases.move`. */
  readonly action: string;
  /** To what, e.g. `models/flights/aliases/champion`. */
  readonly resource: string;
  /** Anything with a JSON form (see `canonicalJson`); at most 64 KiB. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditTrail {
  /** The row joins the hash chain of the workspace at the end of the transaction. */
  add(entry: AuditEntry): void;
}

/** Answers to calls that clients repeat. */
export interface Requests {
  /**
   * Runs `work` unless this principal has made the same request before: then the first answer is returned and `work` does not run.
   * @param requestId the client's `request_id`; '' when the client gave none, and `work` always runs.
   * @param request what makes two requests the same; compared by value, order of fields does not matter.
   * @param work its answer is kept for 24 hours: plain data, bigint, bytes, NaN and infinities survive exactly; at most 1 MiB as JSON.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

/** Which events this service has acted on. */
export interface Inbox {
  /** Notes the event. False when the consumer saw it before: then do nothing. The note commits or rolls back with the effect. */
  firstTime(consumer: string, eventId: string): Promise<boolean>;
}

/** One consistent view of the database; writes are refused by the database. */
export interface Snapshot {
  readonly em: EntityManager;
  /** Plain SQL in the same transaction, for bulk and platform tables. */
  readonly sql: SqlRunner;
  readonly now: Micros;
}

/**
 * All or nothing. Every query goes through `em` or `sql`; changes of entities are flushed before the commit at the latest.
 * Not usable once `work` has settled.
 */
export interface Transaction extends Snapshot {
  readonly context: UnitOfWorkContext;
  /** Microseconds UTC, the same for the whole attempt. */
  readonly now: Micros;
  readonly outbox: Outbox;
  readonly audit: AuditTrail;
  readonly requests: Requests;
  readonly inbox: Inbox;
  /** Writes the pending changes of entities now, so that a store can say what a refusal means. @throws {UniqueViolationError} */
  flush(): Promise<void>;
}

export interface UnitOfWork {
  /**
   * Runs `work` in one transaction and commits. On serialization failures, deadlocks and a busy database the whole of `work` is repeated a
   * bounded number of times, so it must have no effect outside of `tx`. Nesting (run or read inside of run) is refused: pass `tx` on.
   * Isolation is READ COMMITTED on PostgreSQL: lock rows that you read and then decide on (`LockMode.PESSIMISTIC_WRITE`), or compare a version.
   * On SQLite units of work run one after the other.
   * @throws {ConflictError} when another writer won every attempt. @throws {UnavailableError} when the database cannot be reached or stays busy.
   * @throws {UniqueViolationError} when a unique index refused a row; a store turns it into the error of its domain.
   */
  run<T>(context: UnitOfWorkContext, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Reads on one snapshot, beside running writers. @throws {UnavailableError} when the database cannot be reached. */
  read<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;
}
