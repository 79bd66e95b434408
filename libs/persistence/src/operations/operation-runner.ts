import { Alarm, ExhaustedError, UnavailableError, type Component } from '@slipway/kernel';
import type { UnitOfWorkContext } from '../unit-of-work/transaction.ts';
import {
  OPERATION_RUNNER_DEFAULTS,
  type OperationRequest,
  type OperationRunnerOptions,
} from './operation-runner-options.ts';
import { OperationStore } from './operation-store.ts';
import type { Resumable } from './operation-rows.ts';
import { OWNER_STOPPED, toFailed, toSuccess, type OperationOutcome } from './operation-outcome.ts';
import { RunningOperation } from './running-operation.ts';
import { operationNotFound, watchOperation } from './watch-operation.ts';
import type { OperationKey, OperationRecord, OperationWork } from './operation.ts';

const KIND = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const PURGE_EVERY_MS = 60_000;
const PURGE_ROWS = 500;
/** How long work may take to notice that it was stopped. */
const HALT_MS = 1_000;

interface Job {
  readonly operation: RunningOperation;
  readonly work: OperationWork;
}

/**
 * Runs long work in this process, with its state in the database. No operation stays unfinished without an owner: what a process leaves
 * behind when it dies is begun again, where that is possible, or failed, by the runner of the next process on the same database.
 */
export class OperationRunner implements Component {
  readonly name = 'operations';
  readonly store: OperationStore;
  readonly #options: OperationRunnerOptions & typeof OPERATION_RUNNER_DEFAULTS;
  readonly #owner: string;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  readonly #executions = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #alarm: Alarm;
  readonly #due = { reap: 0, purge: 0 };
  readonly #resumable: Resumable;
  /** Places taken: begun or just about to be. */
  #taken = 0;
  #running = 0;
  #state: 'created' | 'serving' | 'draining' | 'stopped' = 'created';
  #idle = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;

  constructor(options: OperationRunnerOptions) {
    this.#options = { ...OPERATION_RUNNER_DEFAULTS, ...options };
    this.#owner = options.ids.next();
    const { resumable, attemptsMax } = this.#options;
    this.#resumable = { kinds: [...resumable.keys()], attemptsMax };
    this.#alarm = new Alarm(options.clock);
    this.store = new OperationStore(options.database);
  }

  start(): Promise<void> {
    if (this.#state === 'created') this.#state = 'serving';
    this.#loop ??= this.#run(this.#stop.signal);
    return Promise.resolve();
  }

  /** Waits for what was begun; what is unfinished after `drainMs`, or when the signal aborts, is stopped, and given back or noted as failed. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'stopped') this.#state = 'draining';
    if (this.#taken === 0) return;
    const timer = new Alarm(this.#options.clock);
    void this.#idle.promise.then(timer.ring);
    await timer.sleep(this.#options.drainMs, signal);
    await this.#halt();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#halt();
    this.#stop.abort();
    await this.#loop;
  }

  /**
   * Notes the operation and runs it when there is room. Not within a unit of work: it has one of its own.
   * @throws {ExhaustedError} when too many are waiting. @throws {UnavailableError} when the process starts or stops.
   */
  async begin(context: UnitOfWorkContext, request: OperationRequest, work: OperationWork): Promise<OperationRecord> {
    const { unitOfWork, clock, log, runningMax, waitingMax } = this.#options;
    if (!KIND.test(request.kind)) throw new RangeError(`not a kind of operations: '${request.kind}'`);
    if (this.#state !== 'serving') {
      throw new UnavailableError('this process takes no operations now; try again', {
        reason: 'OPERATIONS_NOT_SERVED',
      });
    }
    if (this.#taken >= runningMax + waitingMax) {
      throw new ExhaustedError('too many operations are waiting; try again later', { reason: 'OPERATIONS_FULL' });
    }
    this.#taken += 1;
    try {
      const fresh = this.#newRecord(context, request);
      const record = await unitOfWork.run(context, (tx) =>
        tx.requests.once(`operations.${request.kind}`, request.requestId ?? '', request.request, async () => {
          await this.store.create(tx.sql, fresh);
          if (request.audit) tx.audit.add(request.audit);
          return fresh;
        }),
      );
      if (record.id !== fresh.id) {
        this.#leave();
        return (await this.store.get(record)) ?? record;
      }
      this.#accept({ operation: new RunningOperation(fresh, { store: this.store, clock, log }), work });
      return fresh;
    } catch (error) {
      this.#leave(); // if it was committed all the same, its lease runs out
      throw error;
    }
  }

  /** Asks for a stop, also of an operation of another process. Idempotent. @throws {NotFoundError} */
  async cancel(context: UnitOfWorkContext, id: string): Promise<OperationRecord> {
    const key = { workspace: context.caller.workspace, id };
    const isFirst = await this.#options.unitOfWork.run(context, async (tx) => {
      const isFirst = await this.store.requestCancel(tx.sql, key, tx.now);
      if (isFirst) tx.audit.add({ action: 'operations.cancel', resource: `operations/${id}` });
      return isFirst;
    });
    if (isFirst) {
      this.store.changes.notify(key);
      this.#cancelJob(id);
    }
    return this.get(key);
  }

  /** @throws {NotFoundError} */
  async get(key: OperationKey): Promise<OperationRecord> {
    const record = await this.store.get(key);
    if (!record) throw operationNotFound(key.id);
    return record;
  }

  /** See `watchOperation`. */
  watch(key: OperationKey, signal: AbortSignal): AsyncGenerator<OperationRecord, void, void> {
    const { clock, pollMs } = this.#options;
    return watchOperation(this.store, key, { clock, pollMs, signal });
  }

  #newRecord({ caller }: UnitOfWorkContext, request: OperationRequest): OperationRecord {
    const { ids, clock } = this.#options;
    const now = clock.now();
    return {
      workspace: caller.workspace,
      id: ids.next(),
      kind: request.kind,
      state: 'pending',
      done: 0n,
      total: request.total ?? 0n,
      unit: request.unit,
      error: undefined,
      resultJson: undefined,
      resultType: undefined,
      principal: caller.principal,
      createdAt: now,
      updatedAt: now,
      cancelRequested: false,
      leaseOwner: this.#owner,
      leaseUntil: this.#leaseEnd(now),
      revision: 1n,
      inputJson: request.inputJson,
    };
  }

  #leaseEnd = (now: bigint): bigint => now + BigInt(Math.ceil(this.#options.leaseMs)) * 1000n;

  #accept(job: Job): void {
    this.#jobs.set(job.operation.id, job);
    this.#waiting.push(job);
    if (this.#state !== 'stopped') return this.#fill();
    if (this.#isResumable(job)) void job.operation.release();
    this.#launch(job, { state: 'failed', error: OWNER_STOPPED });
  }

  #isResumable = ({ operation }: Job): boolean => operation.isRepeatable && this.#options.resumable.has(operation.kind);

  #leave(): void {
    this.#taken -= 1;
    if (this.#taken > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }

  #fill(): void {
    while (this.#running < this.#options.runningMax) {
      const job = this.#waiting[0];
      if (!job) return;
      this.#launch(job);
    }
  }

  /** @param end given when it is not to run any more. */
  #launch(job: Job, end?: OperationOutcome): void {
    this.#waiting.splice(this.#waiting.indexOf(job), 1);
    const execution = this.#execute(job, end);
    this.#executions.add(execution);
    void execution.then(() => this.#executions.delete(execution));
  }

  async #execute(job: Job, end?: OperationOutcome): Promise<void> {
    this.#running += end ? 0 : 1;
    await job.operation.finish(end ?? (await this.#outcomeOf(job)));
    this.#running -= end ? 0 : 1;
    this.#jobs.delete(job.operation.id);
    this.#leave();
    this.#fill();
  }

  async #outcomeOf({ operation, work }: Job): Promise<OperationOutcome> {
    try {
      await operation.markRunning();
      operation.signal.throwIfAborted();
      return toSuccess(await work(operation));
    } catch (error) {
      const isExpected = error === operation.signal.reason;
      if (!isExpected) operation.log.warn({ error }, 'an operation ended with an error');
      if (operation.isCancelled) return { state: 'cancelled' };
      return isExpected ? { state: 'failed', error: OWNER_STOPPED } : toFailed(error);
    }
  }

  #cancelJob(id: string): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    job.operation.cancel();
    if (this.#waiting.includes(job)) this.#launch(job, { state: 'cancelled' });
  }

  #loseJob(job: Job): void {
    job.operation.log.error({}, 'the lease of an operation was lost; its work is stopped');
    job.operation.lose();
    if (this.#waiting.includes(job)) this.#launch(job, { state: 'failed', error: OWNER_STOPPED });
  }

  /** Notes the end of all that is unfinished, or gives it back for another process to go on, then gives its work a moment to stop. */
  async #halt(): Promise<void> {
    const ends = [...this.#jobs.values()].map((job) => {
      job.operation.halt();
      if (this.#isResumable(job) && !job.operation.isCancelled) return job.operation.release();
      return job.operation.finish({ state: 'failed', error: OWNER_STOPPED });
    });
    for (let job = this.#waiting[0]; job; job = this.#waiting[0]) {
      this.#launch(job, { state: 'failed', error: OWNER_STOPPED });
    }
    await Promise.all(ends);
    if (this.#executions.size === 0) return;
    const timer = new Alarm(this.#options.clock);
    void Promise.all(this.#executions).then(timer.ring);
    await timer.sleep(HALT_MS, new AbortController().signal);
  }

  #unfinished = (): readonly Job[] => [...this.#jobs.values()].filter(({ operation }) => !operation.isEnding);

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs, pollMs, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#tick();
      } catch (error) {
        log.warn({ error }, 'the state of operations could not be read or written; trying again');
      }
      const now = clock.now();
      for (const job of this.#unfinished()) if (job.operation.leaseUntil <= now) this.#loseJob(job);
      await this.#alarm.sleep(Math.min(pollMs, leaseMs / 3), signal);
    }
  }

  async #tick(): Promise<void> {
    const { clock, leaseMs, log, retentionMs } = this.#options;
    const now = clock.monotonicMs();
    const jobs = this.#unfinished();
    const renewAt = clock.now() + BigInt(Math.ceil((leaseMs * 2) / 3)) * 1000n;
    if (jobs.some(({ operation }) => operation.leaseUntil <= renewAt)) await this.#renew(jobs);
    else if (jobs.length > 0) for (const id of await this.store.cancelled(this.#owner)) this.#cancelJob(id);
    if (now >= this.#due.reap) {
      await this.#takeOver();
      const reaped = await this.store.reap(clock.now(), this.#resumable);
      if (reaped.length > 0) log.warn({ reaped: reaped.length }, 'operations of a process that is gone were failed');
      this.#due.reap = now + leaseMs / 3;
    }
    if (now >= this.#due.purge) {
      const purged = await this.store.purge(clock.now() - BigInt(retentionMs) * 1000n, PURGE_ROWS);
      this.#due.purge = purged === PURGE_ROWS ? now : now + PURGE_EVERY_MS;
    }
  }

  /** Begins again what others have left behind, as much as there is room for. */
  async #takeOver(): Promise<void> {
    const { clock, log, runningMax, resumable } = this.#options;
    const limit = runningMax - this.#taken;
    if (this.#state !== 'serving' || resumable.size === 0 || limit <= 0) return;
    const now = clock.now();
    const lease = { owner: this.#owner, until: this.#leaseEnd(now), now, limit };
    this.#taken += limit; // kept free while the rows are being taken
    const records = await this.store.takeOver(this.#resumable, lease).catch((error: unknown) => {
      for (let place = 0; place < limit; place += 1) this.#leave();
      throw error;
    });
    for (let place = records.length; place < limit; place += 1) this.#leave();
    for (const record of records) {
      const resume = resumable.get(record.kind);
      if (!resume) throw new Error(`took over an operation of kind ${record.kind}`);
      log.warn({ operation: record.id, kind: record.kind }, 'an operation of a process that is gone is begun again');
      const operation = new RunningOperation(record, { store: this.store, clock, log });
      this.#accept({ operation, work: (handle) => resume(record)(handle) });
    }
  }

  /** Before the reaper of the same round, so that a machine that slept does not fail its own work. */
  async #renew(jobs: readonly Job[]): Promise<void> {
    const until = this.#leaseEnd(this.#options.clock.now());
    const ids = jobs.map(({ operation }) => operation.id);
    const held = new Map((await this.store.renew(this.#owner, ids, until)).map((each) => [each.id, each]));
    for (const job of jobs) {
      const mine = held.get(job.operation.id);
      if (mine) job.operation.leaseUntil = until;
      else if (!job.operation.isEnding) this.#loseJob(job);
      if (mine?.cancelRequested) this.#cancelJob(job.operation.id);
    }
  }
}
