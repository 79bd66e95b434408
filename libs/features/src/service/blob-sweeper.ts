import { RecurringTask, type Logger } from '@slipway/kernel';
import type { FeatureLimits } from '../domain/limits.ts';
import { sweepBlobs, type SweepDependencies } from '../domain/use-cases/sweep-blobs.ts';

/** Rounds of one awakening; what is left after them waits for the next one. */
const ROUNDS_MAX = 100;

export interface BlobSweeperOptions extends SweepDependencies {
  readonly limits: Pick<FeatureLimits, 'unusedBlobMs' | 'sweepEveryMs'>;
  readonly log: Logger;
}

/** Removes what failed uploads and finished operations have left behind. Any number of processes may run one. */
export const createBlobSweeper = (options: BlobSweeperOptions): RecurringTask =>
  new RecurringTask({
    name: 'features-blob-sweeper',
    everyMs: options.limits.sweepEveryMs,
    work: async (signal) => {
      const files = await sweep(options, signal);
      if (files > 0) options.log.info({ files }, 'removed stored files that nothing names');
    },
    failure: 'sweeping stored files failed; it is tried again',
    clock: options.clock,
    log: options.log,
  });

/** @returns the number of files removed. */
async function sweep(options: BlobSweeperOptions, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { removed, failed } = await sweepBlobs(options, signal);
    total += removed;
    for (const { blob, error } of failed) options.log.warn({ ...blob, error }, 'a stored file was not removed');
    if (removed === 0) break;
  }
  return total;
}
