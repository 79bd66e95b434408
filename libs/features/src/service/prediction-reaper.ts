import { RecurringTask, type Logger } from '@slipway/kernel';
import { REAP_BATCH_MAX, reapPredictions, type ReapDependencies } from '../domain/predictions/reap-predictions.ts';

/** Rounds of one awakening; what is left after them waits for the next one. */
const ROUNDS_MAX = 10;

export interface PredictionReaperOptions extends ReapDependencies {
  readonly log: Logger;
}

/** Removes versions of stored predictions that nobody reads any more. Any number of processes may run one. */
export const createPredictionReaper = (options: PredictionReaperOptions): RecurringTask =>
  new RecurringTask({
    name: 'features-prediction-reaper',
    everyMs: options.limits.reapEveryMs,
    work: async (signal) => {
      const versions = await reap(options, signal);
      if (versions > 0) options.log.info({ versions }, 'dropped stored predictions that are not served any more');
    },
    failure: 'dropping stored predictions failed; it is tried again',
    clock: options.clock,
    log: options.log,
  });

async function reap(deps: ReapDependencies, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const dropped = await reapPredictions(deps, signal);
    total += dropped;
    if (dropped < REAP_BATCH_MAX) break;
  }
  return total;
}
