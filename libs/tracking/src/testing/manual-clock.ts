import type { Clock, Micros } from '@slipway/kernel';

/** A clock that stands still until a test moves it; sleeps end in the next turn, so that nothing waits for a test. */
export class ManualClock implements Clock {
  #micros: Micros;

  constructor(start: Micros = 1_000_000_000_000_000n) {
    this.#micros = start;
  }

  now = (): Micros => this.#micros;
  monotonicMs = (): number => Number(this.#micros) / 1000;

  advance(ms: number): void {
    this.#micros += BigInt(Math.round(ms * 1000));
  }

  sleep = (_ms: number, signal?: AbortSignal): Promise<void> =>
    signal?.aborted ? Promise.reject(signal.reason as Error) : new Promise((resolve) => void setImmediate(resolve));
}
