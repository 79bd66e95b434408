import type { Clock, Component, Logger } from '@slipway/kernel';
import { settleJobs, type SettleDependencies } from '../domain/use-cases/settle-jobs.ts';

export interface JobSettlerOptions extends SettleDependencies {
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** So that no job stays at work without an operation. Any number of processes may run one. */
export class JobSettler implements Component {
  readonly name = 'batch-job-settler';
  readonly #options: JobSettlerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: JobSettlerOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined && !this.#stopping.signal.aborted;
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
    const { clock, everyMs, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(everyMs, signal);
        const jobs = await settleJobs(this.#options);
        if (jobs > 0) log.warn({ jobs }, 'jobs whose operation had ended without them were noted as ended');
      } catch (error) {
        if (signal.aborted) return; // told to stop
        log.warn({ error }, 'looking for jobs without an operation failed; it is tried again');
      }
    }
  }
}
