import { FailedPreconditionError } from '@slipway/kernel';

/** Keeps the promise that most ports make: calls only between `open` and `close`, and `close` waits for those that have started. */
export class StartedCalls {
  readonly #what: string;
  readonly #running = new Set<Promise<unknown>>();
  #state: 'created' | 'open' | 'closed' = 'created';

  /** @param what names the driver in the error, e.g. `artifact store`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** From here on calls are let in. */
  open(): void {
    if (this.#state !== 'created') throw this.#refusal();
    this.#state = 'open';
  }

  /** @throws {FailedPreconditionError} before `open` and after `close`; else what `call` throws. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') throw this.#refusal();
    const running = call();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses new calls, resolves when the started ones are over. Safe to call twice. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.allSettled(this.#running);
  }

  #refusal(): FailedPreconditionError {
    const now =
      this.#state === 'created' ? 'is not open yet' : this.#state === 'open' ? 'is already open' : 'is closed';
    return new FailedPreconditionError(`the ${this.#what} ${now}`, { reason: 'DRIVER_NOT_OPEN' });
  }
}
