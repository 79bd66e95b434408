import { UnavailableError } from '@slipway/plugin-kit';
import { fromLmdbError } from './lmdb-errors.ts';

/** Bound on waiting writes; the queue empties every turn of the event loop, so it fills only when writes are slower than their callers. */
const STEPS_MAX = 16_384;
/** One transaction keeps the event loop for about this long at most. */
const TURN_MS = 8;

interface Step {
  readonly run: () => void;
  readonly commit: () => void;
  readonly fail: (error: unknown) => void;
}

/** Collects the writes of one turn of the event loop into one transaction: the cost of a commit is shared by all who wait for it. */
export class WriteQueue {
  readonly #transaction: (step: () => void) => void;
  readonly #monotonicMs: () => number;
  #steps: Step[] = [];
  #scheduled = false;

  constructor(transaction: (step: () => void) => void, monotonicMs: () => number) {
    this.#transaction = transaction;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Runs `write` in a transaction with others, in the order of the calls; resolves with its result after the commit.
   * @throws {DomainError} when it failed: nothing of it is stored.
   */
  submit<T>(write: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#steps.length >= STEPS_MAX) {
      reject(new UnavailableError('too many writes wait for the online store', { reason: 'ONLINE_STORE_BUSY' }));
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
    const end = this.#monotonicMs() + TURN_MS;
    let tried = 0;
    try {
      this.#transaction(() => {
        do steps[tried++]?.run();
        while (tried < steps.length && this.#monotonicMs() < end);
      });
      for (const step of steps.slice(0, tried)) step.commit();
    } catch (error) {
      if (tried === 1) steps[0]?.fail(fromLmdbError(error));
      else for (const step of steps.slice(0, tried)) this.#alone(step); // one of them is too much; the others need not suffer
    }
    this.#steps = steps.slice(tried);
    if (this.#steps.length > 0) this.#schedule();
  }

  #alone(step: Step): void {
    try {
      this.#transaction(step.run);
      step.commit();
    } catch (error) {
      step.fail(fromLmdbError(error));
    }
  }
}
