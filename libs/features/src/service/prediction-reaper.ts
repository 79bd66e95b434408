import type { Component, Logger } from '@slipway/kernel';
import type { FeatureLimits } from '../domain/limits.ts';
import { REAP_BATCH_MAX, reapPredictions, type ReapDependencies } from '../domain/predictions/reap-predictions.ts';

/** Rounds of one awakening; what is left after them waits for the next one. */
const ROUNDS_MAX = 10;

export interface PredictionReaperOptions extends ReapDependencies {
  readonly limits: FeatureLimits;
  readonly log: Logger;
}

/** Removes versions of stored predictions that nobody reads any more. Any number of processes may run one. */
export class PredictionReaper implements Component {
  readonly name = 'features-prediction-reaper';
  readonly #options: PredictionReaperOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: PredictionReaperOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#running ??= this.#loop();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { clock, limits, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(limits.reapEveryMs, signal);
        const versions = await this.#reap(signal);
        if (versions > 0) log.info({ versions }, 'dropped stored predictions that are not served any more');
      } catch (error) {
        if (signal.aborted) return; // told to stop
        log.warn({ error }, 'dropping stored predictions failed; it is tried again');
      }
    }
  }

  async #reap(signal: AbortSignal): Promise<number> {
    let total = 0;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const dropped = await reapPredictions(this.#options, signal);
      total += dropped;
      if (dropped < REAP_BATCH_MAX) break;
    }
    return total;
  }
}
