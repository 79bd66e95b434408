import { ConflictError, UnavailableError, type Clock } from '@slipway/kernel';
import { runNotActive, runNotFound } from './errors.ts';
import type { TrackingLimits } from './limits.ts';
import type { MetricPoint } from './metric.ts';
import type { Call, TrackingUnitOfWork } from './unit-of-work.ts';

interface Pending {
  readonly workspace: string;
  readonly runId: string;
  readonly points: readonly MetricPoint[];
  readonly settle: (error?: unknown) => void;
}

type WriterLimits = Pick<TrackingLimits, 'metricBatchPointsMax' | 'metricLingerMs' | 'metricBufferPointsMax'>;

/** Nobody's call: points of many callers share a transaction. Their permissions were checked when their streams began; points leave no audit rows. */
const callIn = (workspace: string): Call => ({
  caller: { principal: 'tracking-metric-writer', workspace, allWorkspaces: false, permissions: new Set<string>() },
  requestId: 'tracking-metric-writer',
});

/**
 * Collects points of all streams and commits them together, one transaction after the other and per workspace: a commit costs the same for one
 * point as for thousands. What one writer hands in is stored in the order in which it was handed in.
 */
export class MetricWriter {
  readonly #unitOfWork: TrackingUnitOfWork;
  readonly #clock: Clock;
  readonly #limits: WriterLimits;
  readonly #queue: Pending[] = [];
  readonly #waiting: (() => void)[] = [];
  #points = 0;
  #full = new AbortController();
  #loop: Promise<void> | undefined;
  #closed = false;

  constructor(unitOfWork: TrackingUnitOfWork, clock: Clock, limits: WriterLimits) {
    this.#unitOfWork = unitOfWork;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Resolves when the memory for points is not used up. Each stream waits once at a time. @throws the signal's reason when it aborts before. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#points >= this.#limits.metricBufferPointsMax) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener('abort', go);
          resolve();
        };
        signal.addEventListener('abort', go, { once: true });
        this.#waiting.push(go);
      });
    }
  }

  /**
   * Resolves when all points are durable.
   * @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. @throws {UnavailableError} while closing.
   */
  append(workspace: string, runId: string, points: readonly MetricPoint[]): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new UnavailableError('the service is stopping', { reason: 'SHUTTING_DOWN' }));
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#queue.push({ workspace, runId, points, settle });
      this.#points += points.length;
      if (this.#points >= this.#limits.metricBatchPointsMax) this.#full.abort();
      this.#loop ??= this.#run();
    });
  }

  /** Takes no more, resolves when what was taken is stored or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#full.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#linger();
      await this.#store(this.#take());
    }
    this.#loop = undefined; // in the same turn as the last look at the queue: nothing can be left behind
  }

  async #linger(): Promise<void> {
    if (this.#closed || this.#points >= this.#limits.metricBatchPointsMax) return;
    this.#full = new AbortController();
    await this.#clock.sleep(this.#limits.metricLingerMs, this.#full.signal).catch(() => undefined); // full: go on at once
  }

  #take(): readonly Pending[] {
    let points = 0;
    const bound = this.#limits.metricBatchPointsMax;
    const end = this.#queue.findIndex((pending, index) => {
      points += pending.points.length;
      return index > 0 && points > bound;
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  async #store(batch: readonly Pending[]): Promise<void> {
    const byWorkspace = Map.groupBy(batch, ({ workspace }) => workspace);
    for (const [workspace, pendings] of byWorkspace) await this.#commit(workspace, pendings);
    for (const { points } of batch) this.#points -= points.length;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** A conflict that has outlived the repeats of the unit of work is tried once more: a stream cannot repeat what it has sent. */
  async #append(workspace: string, pendings: readonly Pending[]): Promise<ReadonlyMap<string, 'absent' | 'deleted'>> {
    const append = () => this.#unitOfWork.run(callIn(workspace), (tx) => tx.metrics.appendToActive(pendings));
    try {
      return await append();
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return append();
    }
  }

  async #commit(workspace: string, pendings: readonly Pending[]): Promise<void> {
    try {
      const refused = await this.#append(workspace, pendings);
      for (const { runId, settle } of pendings) {
        const state = refused.get(runId);
        if (state === undefined) settle();
        else settle(state === 'absent' ? runNotFound(runId) : runNotActive(runId));
      }
    } catch (error) {
      for (const { settle } of pendings) settle(error);
    }
  }
}
