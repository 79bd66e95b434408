/** Lets at most `turnsMax` pieces of work run at once; the rest wait in order. Its queue is bounded by its callers: one per slot. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(turnsMax: number) {
    this.#free = turnsMax;
  }

  /** @throws the signal's reason when it aborts before the turn comes. */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // the turn is handed over, not freed
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
