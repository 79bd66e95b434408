import { UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import type { LoadedScorer, VersionRef } from './ports.ts';

/** A loaded version with the calls that run on it. Slots that share it hold one reference each; without references it drains and closes. */
export class ServedVersion {
  readonly ref: VersionRef;
  readonly scorer: LoadedScorer;
  #inFlight = 0;
  #retired = false;
  #idle: (() => void) | undefined;

  constructor(ref: VersionRef, scorer: LoadedScorer) {
    this.ref = ref;
    this.scorer = scorer;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Runs `work` while this version is sure not to be closed. Must be called in the same turn in which the slot was read. */
  async use<Result>(work: (scorer: LoadedScorer) => Promise<Result>): Promise<Result> {
    if (this.#retired) {
      throw new UnavailableError(`version ${this.ref.version} of model '${this.ref.model}' was unloaded`, {
        reason: 'MODEL_UNLOADED',
      });
    }
    this.#inFlight += 1;
    try {
      return await work(this.scorer);
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#idle?.();
    }
  }

  /**
   * Takes no new calls, waits until the running ones end, at most `drainMs`, and closes. Past that time the close itself is left to wait for
   * the runtime's own calls, so that none is answered by freed memory.
   */
  async retire(clock: Clock, drainMs: number, log: Logger): Promise<void> {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#inFlight > 0 && !(await this.#drained(clock, drainMs))) {
      const { model, version } = this.ref;
      log.warn({ model, version: `${version}`, inFlight: this.#inFlight }, 'closing a version with calls running');
    }
    await this.scorer.close();
  }

  async #drained(clock: Clock, drainMs: number): Promise<boolean> {
    const timer = new AbortController();
    const idle = new Promise<boolean>((resolve) => {
      this.#idle = () => resolve(true);
    });
    const timeout = clock.sleep(drainMs, timer.signal).then(
      () => false,
      () => true, // aborted below, once idle
    );
    try {
      return await Promise.race([idle, timeout]);
    } finally {
      timer.abort();
    }
  }
}
