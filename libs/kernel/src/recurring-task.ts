import type { Clock } from './clock.ts';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';

export interface RecurringTaskOptions {
  /** Of the component. */
  readonly name: string;
  /** Milliseconds of sleep before the first round, and between the end of one and the next. */
  readonly everyMs: number;
  /** One round; ends early when the signal aborts. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** What is logged, with the error, when a round failed; the next one comes at its time. */
  readonly failure: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Does the same again and again while its process runs, one round at a time. A failed round is logged and does not end it. */
export class RecurringTask implements Component {
  readonly name: string;
  readonly #options: RecurringTaskOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RecurringTaskOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined && !this.#stopping.signal.aborted;
  }

  start(): Promise<void> {
    this.#running ??= this.#loop();
    return Promise.resolve();
  }

  /** Resolves when a round that had begun is over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { everyMs, work, failure, clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(everyMs, signal);
        await work(signal);
      } catch (error) {
        if (signal.aborted) return; // told to stop
        log.warn({ error }, failure);
      }
    }
  }
}
