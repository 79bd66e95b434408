import { RecurringTask, type Clock, type Logger } from '@slipway/kernel';
import { settleJobs, type SettleDependencies } from '../domain/use-cases/settle-jobs.ts';

export interface JobSettlerOptions extends SettleDependencies {
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** So that no job stays at work without an operation. Any number of processes may run one. */
export const createJobSettler = (options: JobSettlerOptions): RecurringTask =>
  new RecurringTask({
    name: 'batch-job-settler',
    everyMs: options.everyMs,
    work: async () => {
      const jobs = await settleJobs(options);
      if (jobs > 0) options.log.warn({ jobs }, 'jobs whose operation had ended without them were noted as ended');
    },
    failure: 'looking for jobs without an operation failed; it is tried again',
    clock: options.clock,
    log: options.log,
  });
