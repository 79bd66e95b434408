import { UnavailableError } from '@slipway/kernel';

/** Lets at most `turnsMax` pieces of work run at once; at most `waitingMax` more wait, in order. */
export class Turns {
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(turnsMax: number, waitingMax: number) {
    this.#free = turnsMax;
    this.#waitingMax = waitingMax;
  }

  /**
   * @throws {UnavailableError} at once when too many wait.
   * @throws the signal's reason when it has aborted by the time the turn comes: then `work` does not run.
   */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }

  /** The turn is handed over by who ends, so nobody can slip in between. */
  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new UnavailableError('Exceeds maximum queue size', { reason: 'QUEUE_FULL' });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
