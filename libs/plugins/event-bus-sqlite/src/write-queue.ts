import { UnavailableError } from '@slipway/kernel';
import type { EventLog } from './event-log.ts';
import { fromSqliteError } from './sqlite-errors.ts';

/** Bound on waiting writes; the queue empties every turn of the event loop, so it fills only when writes are slower than their callers. */
const STEPS_MAX = 65_536;
/** One transaction keeps the event loop for about this long at most. */
const TURN_MS = 8;

interface Step {
  readonly run: () => void;
  readonly commit: () => void;
  readonly fail: (error: unknown) => void;
}

/** Collects the writes of one turn of the event loop into one transaction: the cost of a commit is shared by all who wait for it. */
export class WriteQueue {
  readonly #log: EventLog;
  readonly #monotonicMs: () => number;
  #steps: Step[] = [];
  #scheduled = false;
  #isFailing = false;

  constructor(log: EventLog, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  /** Whether the last transaction failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /**
   * Runs `write` in a transaction with others, in the order of the calls; resolves with its result when that is durable.
   * @throws {DomainError} when the transaction failed: nothing of it is stored.
   */
  submit<T>(write: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#steps.length >= STEPS_MAX) {
      reject(new UnavailableError('too many writes wait for the event log', { reason: 'EVENT_LOG_BUSY' }));
      return promise;
    }
    let result: T;
    this.#steps.push({
      run: () => {
        result = write();
      },
      commit: () => resolve(result),
      fail: reject,
    });
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const steps = this.#steps;
    if (steps.length === 0) return;
    let tried = 0;
    try {
      this.#log.transaction(() => {
        const end = this.#monotonicMs() + TURN_MS;
        do steps[tried++]?.run();
        while (tried < steps.length && this.#monotonicMs() < end);
      });
      this.#isFailing = false;
      for (const step of steps.slice(0, tried)) step.commit();
    } catch (error) {
      this.#isFailing = true;
      const failure = fromSqliteError(error);
      for (const step of steps.slice(0, tried)) step.fail(failure);
    }
    this.#steps = steps.slice(tried);
    if (this.#steps.length > 0) this.#schedule();
  }
}
