import type { Component, Logger } from '@slipway/kernel';
import type { FeatureLimits } from '../domain/limits.ts';
import { sweepBlobs, type SweepDependencies } from '../domain/use-cases/sweep-blobs.ts';

/** Rounds of one awakening; what is left after them waits for the next one. */
const ROUNDS_MAX = 100;

export interface BlobSweeperOptions extends SweepDependencies {
  readonly limits: Pick<FeatureLimits, 'unusedBlobMs' | 'sweepEveryMs'>;
  readonly log: Logger;
}

/** Removes what failed uploads and finished operations have left behind. Any number of processes may run one. */
export class BlobSweeper implements Component {
  readonly name = 'features-blob-sweeper';
  private readonly options: BlobSweeperOptions;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(options: BlobSweeperOptions) {
    this.options = options;
  }

  get isRunning(): boolean {
    return this.running !== undefined && !this.stopping.signal.aborted;
  }

  start(): Promise<void> {
    this.running ??= this.loop();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** @returns the number of files removed. */
  async sweep(signal: AbortSignal): Promise<number> {
    let total = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const { removed, failed } = await sweepBlobs(this.options, signal);
      total += removed;
      for (const { blob, error } of failed) this.options.log.warn({ ...blob, error }, 'a stored file was not removed');
      if (removed === 0) break;
    }
    return total;
  }

  private async loop(): Promise<void> {
    const { clock, limits, log } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(limits.sweepEveryMs, signal);
        const files = await this.sweep(signal);
        if (files > 0) log.info({ files }, 'removed stored files that nothing names');
      } catch (error) {
        if (signal.aborted) return; // told to stop
        log.warn({ error }, 'sweeping stored files failed; it is tried again');
      }
    }
  }
}
