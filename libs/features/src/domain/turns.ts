/** Lets one at a time in per key, in the order of asking. Whoever asks must be bounded in number. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** @throws the signal's reason when it aborts before its turn; whatever `work` throws. */
  async run<Result>(key: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(async () => {
      signal.throwIfAborted();
      return work();
    });
    const ended = turn.then(
      () => undefined,
      () => undefined, // its failure is told to whoever asked
    );
    this.#last.set(key, ended);
    void ended.then(() => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    });
    return turn;
  }
}
