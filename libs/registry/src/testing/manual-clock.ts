import type { Clock, Micros } from '@slipway/kernel';

/** A clock that stands still until a test moves it. Sleeps end when it has been moved far enough, or with their signal. */
export class ManualClock implements Clock {
  private micros: Micros;
  private readonly sleepers = new Set<{ until: Micros; wake: () => void }>();

  constructor(start: Micros = 1_000_000_000_000_000n) {
    this.micros = start;
  }

  now = (): Micros => this.micros;
  monotonicMs = (): number => Number(this.micros) / 1000;

  advance(ms: number): void {
    this.micros += BigInt(Math.round(ms * 1000));
    for (const sleeper of this.sleepers) if (sleeper.until <= this.micros) sleeper.wake();
  }

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const done = (end: () => void) => () => {
        this.sleepers.delete(sleeper);
        signal?.removeEventListener('abort', stop);
        end();
      };
      const sleeper = { until: this.micros + BigInt(Math.round(ms * 1000)), wake: done(resolve) };
      const stop = done(() => reject(signal?.reason as Error));
      signal?.addEventListener('abort', stop, { once: true });
      this.sleepers.add(sleeper);
    });
}
