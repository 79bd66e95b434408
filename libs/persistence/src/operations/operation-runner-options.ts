import type { Clock, IdSource, Logger } from '@slipway/kernel';
import type { Database } from '../database/open-database.ts';
import type { ResumeOperation } from './operation.ts';
import type { AuditEntry, UnitOfWork } from '../unit-of-work/transaction.ts';

export interface OperationRunnerOptions {
  readonly database: Database;
  /** Of the same database. */
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Operations that run at once; others wait. */
  readonly runningMax?: number;
  /** Operations that may wait; more are refused. */
  readonly waitingMax?: number;
  /** How long an operation stays without an owner after its process died. Heartbeats come three times as often. */
  readonly leaseMs?: number;
  /** Worst delay until a cancel by another process is seen. */
  readonly pollMs?: number;
  /** How long finished operations can be read. */
  readonly retentionMs?: number;
  /** Kinds whose work this runner can begin again when their process is gone, given that they were begun with an `input`. */
  readonly resumable?: ReadonlyMap<string, ResumeOperation>;
  /** Processes that may die over one operation before it is failed: the work itself may be what kills them. */
  readonly attemptsMax?: number;
  /** How long a drain waits for work before it is stopped; below the drain budget of the process, so that the end is still noted. */
  readonly drainMs?: number;
}

/** What is to be done. */
export interface OperationRequest {
  /** Dotted, e.g. `audit.verify`. */
  readonly kind: string;
  /** What its progress counts, e.g. `rows`. */
  readonly unit: string;
  /** 0 or left out while unknown. */
  readonly total?: bigint;
  /** The client's `request_id`: a repeat with the same `request` gets the first operation and begins nothing. */
  readonly requestId?: string;
  /** What makes two requests the same; plain data. */
  readonly request?: unknown;
  /** JSON, at most 1 MiB: makes the operation survive its process, when its kind is one of the runner's `resumable`. The work must be repeatable. */
  readonly inputJson?: string;
  /** Written in the transaction that begins it. */
  readonly audit?: AuditEntry;
}

export const OPERATION_RUNNER_DEFAULTS = {
  runningMax: 4,
  waitingMax: 100,
  leaseMs: 15_000,
  pollMs: 1_000,
  retentionMs: 7 * 86_400_000,
  drainMs: 10_000,
  resumable: new Map<string, ResumeOperation>() as ReadonlyMap<string, ResumeOperation>,
  attemptsMax: 10, // processes die of many things; what kills them itself is found out soon enough
};
