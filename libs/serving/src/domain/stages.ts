import type { Clock } from '@slipway/kernel';

/** Where the time of a call goes, in the order in which it is told. `batch_wait` stays 0 as long as every call is a batch of its own. */
export const STAGES = [
  'queue',
  'feature_fetch',
  'pre_process',
  'batch_wait',
  'inference',
  'post_process',
  'encode',
] as const;
export type Stage = (typeof STAGES)[number];

/** Whole microseconds; the stages add up to `total` exactly. */
export type StageMicros = Readonly<Record<Stage | 'total', number>>;

/**
 * Times the stages of one call: at each moment the call is in exactly one. Moments are rounded to microseconds, not durations, so that nothing
 * is lost or counted twice.
 */
export class StageClock {
  readonly #clock: Clock;
  readonly #beganMs: number;
  readonly #spent: Record<Stage, number> = {
    queue: 0,
    feature_fetch: 0,
    pre_process: 0,
    batch_wait: 0,
    inference: 0,
    post_process: 0,
    encode: 0,
  };
  #stage: Stage;
  #since = 0;

  constructor(clock: Clock, first: Stage) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
    this.#stage = first;
  }

  /** Ends the stage that runs and begins another, or goes on with one that ran before. */
  enter(stage: Stage): void {
    this.#mark();
    this.#stage = stage;
  }

  /** Ends the stage that runs. */
  end(): StageMicros {
    const total = this.#mark();
    return { ...this.#spent, total };
  }

  #mark(): number {
    const now = Math.round((this.#clock.monotonicMs() - this.#beganMs) * 1000);
    this.#spent[this.#stage] += now - this.#since;
    this.#since = now;
    return now;
  }
}
