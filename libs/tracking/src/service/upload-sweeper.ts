import { RecurringTask, type Clock, type Logger } from '@slipway/kernel';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { sweepUploads } from '../domain/use-cases/multipart-uploads.ts';

/** Rounds of one awakening; what is left after them waits for the next one. */
const ROUNDS_MAX = 100;

export interface UploadSweeperOptions extends Pick<TrackingDependencies, 'multipart' | 'parts' | 'limits'> {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes what is left of uploads in parts whose time is over. Any number of processes may run one. */
export const createUploadSweeper = (options: UploadSweeperOptions): RecurringTask =>
  new RecurringTask({
    name: 'upload sweeper',
    everyMs: options.limits.multipartSweepMs,
    work: async (signal) => {
      let total = 0;
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const swept = await sweepUploads(options, signal);
        total += swept;
        if (swept === 0) break;
      }
      if (total > 0) options.log.info({ uploads: total }, 'removed uploads in parts whose time was over');
    },
    failure: 'removing expired uploads in parts failed; it is tried again',
    clock: options.clock,
    log: options.log,
  });
