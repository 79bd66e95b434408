/** What became of one item: undefined when all is well. */
export type Outcome = { readonly error: unknown } | undefined;

export interface MicroBatcherOptions<Item> {
  /** Items of one batch. */
  readonly rowsMax: number;
  /** Items of one key take effect in the order in which they came. */
  readonly keyOf: (item: Item) => string;
  /** One outcome for each item, in their order; a rejection is that of all. */
  run(items: readonly Item[]): Promise<readonly Outcome[]>;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Makes batches, one at a time, of what is handed in one by one. Nothing waits for others to come: a batch is what is there when its turn comes, so
 * it is small when little is to do and grows with the load. How many items wait is bounded by who hands them in.
 */
export class MicroBatcher<Item> {
  readonly #options: MicroBatcherOptions<Item>;
  #waiting: Waiting<Item>[] = [];
  #isRunning = false;

  constructor(options: MicroBatcherOptions<Item>) {
    this.#options = options;
  }

  /** Resolves when the batch of this item has ended well for it. Rejects when it has not, or when one of its key before it has failed. */
  add(item: Item): Promise<void> {
    const added = new Promise<void>((resolve, reject) => {
      const settle = (outcome: Outcome): void => (outcome ? reject(outcome.error) : resolve());
      this.#waiting.push({ item, settle });
    });
    this.#schedule();
    return added;
  }

  /** At the next turn of the event loop, so that what comes in one turn goes together. */
  #schedule(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => void this.#runBatch());
  }

  async #runBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#options.rowsMax);
    const outcomes = await this.#outcomesOf(batch);
    const failed = new Map<string, Outcome>();
    for (const [at, { item, settle }] of batch.entries()) {
      const outcome = outcomes[at];
      if (outcome) failed.set(this.#options.keyOf(item), outcome);
      settle(outcome);
    }
    if (failed.size > 0) this.#failBehind(failed);
    this.#isRunning = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  async #outcomesOf(batch: readonly Waiting<Item>[]): Promise<readonly Outcome[]> {
    try {
      return await this.#options.run(batch.map(({ item }) => item));
    } catch (error) {
      return batch.map(() => ({ error }));
    }
  }

  /** What waits behind a failed item of its key must not overtake it. */
  #failBehind(failed: ReadonlyMap<string, Outcome>): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ item }) => !failed.has(this.#options.keyOf(item)));
    for (const { item, settle } of waiting) {
      const outcome = failed.get(this.#options.keyOf(item));
      if (outcome) settle(outcome);
    }
  }
}
