/**
 * Lets everything that is to be sent in one turn of the event loop be sent together. The client flushes when the microtasks of a caller end;
 * without this each small answer is a system call of its own, which costs more than all else.
 */
export class Turn {
  #next: Promise<void> | undefined;

  /** Whether somebody waits for the next turn. */
  get isAwaited(): boolean {
    return this.#next !== undefined;
  }

  /** Resolves at the next turn, for all who asked before it in the order in which they asked. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined;
        resolve();
      });
    });
    return this.#next;
  }
}
