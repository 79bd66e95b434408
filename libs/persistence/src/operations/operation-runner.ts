import { setTimeout as delay } from 'node:timers/promises';
import {
  DomainError,
  ExhaustedError,
  NotFoundError,
  type Caller,
  type Clock,
  type Component,
  type IdSource,
  type Logger,
} from '@slipway/kernel';
import type { Database } from '../database/open-database.ts';
import { WakeSignal } from '../outbox/wake-signal.ts';
import { isFinal, type OperationProgress, type OperationRecord, type OperationWork } from './operation.ts';
import {
  finishOperation,
  insertOperation,
  listOperations,
  readOperation,
  reapOperations,
  renewOperation,
  requestCancel,
} from './operation-rows.ts';

export interface OperationRunnerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Operations that run at once; others wait. */
  readonly runningMax?: number;
  /** Operations that may wait; more are refused. */
  readonly waitingMax?: number;
  /** After this time without a heartbeat an operation is failed. Heartbeats come three times as often. */
  readonly leaseMs?: number;
}

const DEFAULTS = { runningMax: 4, waitingMax: 100, leaseMs: 15_000 };
const WATCH_POLL_MS = 500;

interface Job {
  readonly workspace: string;
  readonly id: string;
  readonly work: OperationWork;
  readonly stop: AbortController;
  progress: OperationProgress;
  state: 'pending' | 'running';
  cancelled: boolean;
}

/** Runs long work in this process, with its state in the database. What a process leaves behind when it dies is failed by any other. */
export class OperationRunner implements Component {
  readonly name = 'operations';
  readonly #options: OperationRunnerOptions & typeof DEFAULTS;
  readonly #owner: string;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  readonly #settled = new Map<string, Promise<void>>();
  readonly #watchers = new Set<WakeSignal>();
  readonly #stop = new AbortController();
  #running = 0;
  #draining = false;
  #loop: Promise<void> | undefined;

  constructor(options: OperationRunnerOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#owner = options.ids.next();
  }

  start(): Promise<void> {
    this.#loop ??= this.#beat(this.#stop.signal);
    return Promise.resolve();
  }

  /** Waits for what runs; when `signal` aborts, the rest is stopped and ends as failed. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    const abandon = (): void => this.#jobs.forEach((job) => job.stop.abort(new Error('the process is stopping')));
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    while (this.#settled.size > 0 || this.#waiting.length > 0) {
      await Promise.all(this.#settled.values());
      await delay(0);
    }
    signal.removeEventListener('abort', abandon);
  }

  async stop(): Promise<void> {
    await this.drain(AbortSignal.abort());
    this.#stop.abort();
    await this.#loop;
  }

  /**
   * Notes the operation and runs it soon.
   * @param unit what its progress counts, e.g. `rows`.
   * @throws {ExhaustedError} when too many are waiting, or the process is stopping.
   */
  async begin(caller: Caller, kind: string, unit: string, work: OperationWork): Promise<OperationRecord> {
    const { database, ids, waitingMax } = this.#options;
    if (this.#draining || this.#waiting.length >= waitingMax) {
      throw new ExhaustedError('too many operations are waiting; try again later', { reason: 'OPERATIONS_FULL' });
    }
    const place = { workspace: caller.workspace, id: ids.next() };
    const begin = { ...place, kind, unit, principal: caller.principal };
    const job: Job = {
      ...place,
      work,
      stop: new AbortController(),
      progress: { done: 0n, total: 0n },
      state: 'pending',
      cancelled: false,
    };
    await database.write(({ sql }) => insertOperation(sql, begin, { owner: this.#owner, ...this.#lease() }));
    this.#jobs.set(job.id, job);
    this.#waiting.push(job);
    const record = await this.get(place.workspace, place.id);
    this.#fill();
    return record;
  }

  /** @throws {NotFoundError} */
  async get(workspace: string, id: string): Promise<OperationRecord> {
    const found = await this.#options.database.read(({ sql }) => readOperation(sql, workspace, id));
    if (!found)
      throw new NotFoundError(`there is no operation '${id}'`, { reason: 'OPERATION_NOT_FOUND', facts: { id } });
    return found;
  }

  /** Newest first; the next page begins before the id of the last one. */
  list(
    workspace: string,
    kind: string,
    before: string | undefined,
    limit: number,
  ): Promise<readonly OperationRecord[]> {
    return this.#options.database.read(({ sql }) => listOperations(sql, { workspace, kind, before, limit }));
  }

  /** Asks for a stop, also of an operation of another process. Idempotent. @throws {NotFoundError} */
  async cancel(workspace: string, id: string): Promise<OperationRecord> {
    const { database, clock } = this.#options;
    await database.write(({ sql }) => requestCancel(sql, workspace, id, clock.now()));
    const job = this.#jobs.get(id);
    if (job?.workspace === workspace) this.#cancelJob(job);
    this.#notify();
    return this.get(workspace, id);
  }

  /** The operation now and after each change; ends after a final state. @throws {NotFoundError} @throws the signal's reason when it aborts. */
  async *watch(workspace: string, id: string, signal: AbortSignal): AsyncGenerator<OperationRecord, void, void> {
    const wake = new WakeSignal();
    this.#watchers.add(wake);
    try {
      for (let seen = ''; ;) {
        const record = await this.get(workspace, id);
        const shown = [record.state, record.done, record.total, record.cancelRequested, record.updatedAt].join(' ');
        if (shown !== seen) yield record;
        if (isFinal(record.state)) return;
        seen = shown;
        await wake.sleep(WATCH_POLL_MS, signal);
        signal.throwIfAborted();
      }
    } finally {
      this.#watchers.delete(wake);
    }
  }

  #lease(): { now: bigint; until: bigint } {
    const now = this.#options.clock.now();
    return { now, until: now + BigInt(this.#options.leaseMs) * 1000n };
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher.wake();
  }

  #cancelJob(job: Job): void {
    job.cancelled = true;
    job.stop.abort(new Error('the operation was cancelled'));
  }

  #fill(): void {
    while (this.#running < this.#options.runningMax) {
      const job = this.#waiting.shift();
      if (!job) return;
      this.#running += 1;
      this.#settled.set(job.id, this.#runJob(job));
    }
  }

  async #runJob(job: Job): Promise<void> {
    const { database, log } = this.#options;
    job.state = 'running';
    try {
      await this.#renew(job);
      const outcome = await this.#outcomeOf(job);
      const at = { ...job, ...job.progress, owner: this.#owner, now: this.#lease().now };
      await database.write(({ sql }) => finishOperation(sql, at, outcome));
    } catch (error) {
      log.error({ error, operation: job.id }, 'the end of an operation could not be noted; its lease will run out');
    } finally {
      this.#jobs.delete(job.id);
      this.#settled.delete(job.id);
      this.#running -= 1;
      this.#notify();
      this.#fill();
    }
  }

  async #outcomeOf(job: Job): Promise<Pick<OperationRecord, 'state' | 'error' | 'resultJson' | 'resultType'>> {
    const none = { error: undefined, resultJson: undefined, resultType: undefined };
    try {
      job.stop.signal.throwIfAborted();
      const report = (progress: OperationProgress): void => {
        job.progress = progress;
      };
      const result = await job.work(report, job.stop.signal);
      return { ...none, state: 'succeeded', resultJson: result.json, resultType: result.type };
    } catch (error) {
      if (job.cancelled) return { ...none, state: 'cancelled' };
      if (error instanceof DomainError) {
        return { ...none, state: 'failed', error: { kind: error.kind, reason: error.reason, message: error.message } };
      }
      this.#options.log.error({ error, operation: job.id }, 'an operation failed');
      return { ...none, state: 'failed', error: { kind: 'internal', reason: 'INTERNAL', message: 'internal error' } };
    }
  }

  /** Writes progress and lease, and learns of a cancel or of a lease that was lost. */
  async #renew(job: Job): Promise<void> {
    const at = { ...job, ...job.progress, ...this.#lease(), owner: this.#owner };
    const { held, cancelRequested } = await this.#options.database.write(async ({ sql }) => ({
      held: await renewOperation(sql, at),
      cancelRequested: (await readOperation(sql, job.workspace, job.id))?.cancelRequested ?? false,
    }));
    if (cancelRequested) this.#cancelJob(job);
    if (!held) job.stop.abort(new Error('the operation is no longer ours'));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { database, leaseMs, clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        for (const job of this.#jobs.values()) await this.#renew(job);
        const reaped = await database.write(({ sql }) => reapOperations(sql, clock.now()));
        if (reaped > 0) log.warn({ reaped }, 'operations of a process that is gone were failed');
        this.#notify();
      } catch (error) {
        log.warn({ error }, 'heartbeat of operations failed; trying again');
      }
      await clock.sleep(leaseMs / 3, signal).catch(() => undefined); // aborted: the loop ends by its condition
    }
  }
}
