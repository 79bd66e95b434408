import type { Clock, Component, Logger, Random } from '@slipway/kernel';
import type { AliasSource } from './ports.ts';
import { reconcileAliases } from './reconcile-aliases.ts';
import type { ServedModels } from './served-models.ts';

export interface ReconcilerOptions {
  readonly models: ServedModels;
  readonly source: AliasSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Between two rounds, times 0.75 to 1.25. */
  readonly intervalMs: number;
  /** After a failed round before the first good one; doubles up to the interval. */
  readonly firstRetryMs: number;
}

/** Runs `reconcileAliases` at the start and again and again. A registry that is away is waited for, in the background. */
export class Reconciler implements Component {
  readonly name = 'serving-reconciler';
  readonly #options: ReconcilerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #rounds = 0;
  #goodRounds = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Rounds that ended, well or not. */
  get rounds(): number {
    return this.#rounds;
  }

  get goodRounds(): number {
    return this.#goodRounds;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async drain(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.drain();
  }

  async #run(): Promise<void> {
    const { clock, firstRetryMs, intervalMs } = this.#options;
    const { signal } = this.#stopping;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      await this.#round(signal);
      const waitMs = this.#goodRounds > 0 ? intervalMs : Math.min(retryMs, intervalMs);
      retryMs *= 2;
      await clock.sleep(waitMs * this.#jitter(), signal).catch(() => undefined); // the loop sees the abort
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    try {
      await reconcileAliases(this.#options.models, this.#options.source, signal);
      this.#goodRounds += 1;
    } catch (error) {
      if (!signal.aborted)
        this.#options.log.warn({ err: error }, 'the aliases could not be compared with the registry');
    }
    this.#rounds += 1;
  }

  #jitter(): number {
    return 0.75 + (this.#options.random.bytes(1)[0] ?? 0) / 510;
  }
}
