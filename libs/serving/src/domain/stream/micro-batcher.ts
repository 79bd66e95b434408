/** What became of one item: undefined when all is well. */
export type Outcome = { readonly error: unknown } | undefined;

export interface MicroBatcherOptions<Item> {
  /** Items of one batch. */
  readonly rowsMax: number;
  /** Batches at once. */
  readonly batchesMax: number;
  /** One outcome for each item, in their order; a rejection is that of all. */
  run(items: readonly Item[]): Promise<readonly Outcome[]>;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Makes batches of what is handed in one by one. Nothing waits for others to come: a batch is what is there when its turn comes, so it is small
 * when little is to do and grows with the load. How many items wait is bounded by who hands them in.
 */
export class MicroBatcher<Item> {
  readonly #options: MicroBatcherOptions<Item>;
  #waiting: Waiting<Item>[] = [];
  #running = 0;
  #isScheduled = false;

  constructor(options: MicroBatcherOptions<Item>) {
    this.#options = options;
  }

  /** Resolves when the batch of this item has ended well for it. */
  add(item: Item): Promise<void> {
    const added = new Promise<void>((resolve, reject) => {
      const settle = (outcome: Outcome): void => (outcome ? reject(outcome.error as Error) : resolve());
      this.#waiting.push({ item, settle });
    });
    this.#schedule();
    return added;
  }

  /** At the next turn of the event loop, so that what comes in one turn goes together. */
  #schedule(): void {
    if (this.#isScheduled || this.#running >= this.#options.batchesMax) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      while (this.#waiting.length > 0 && this.#running < this.#options.batchesMax) void this.#runBatch();
    });
  }

  async #runBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#options.rowsMax);
    this.#running += 1;
    try {
      const outcomes = await this.#options.run(batch.map(({ item }) => item));
      for (const [at, { settle }] of batch.entries()) settle(outcomes[at]);
    } catch (error) {
      for (const { settle } of batch) settle({ error });
    } finally {
      this.#running -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
