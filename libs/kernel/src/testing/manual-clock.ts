import type { Clock } from '../clock.ts';

/** A clock that stands still until a test moves it. Sleeps end when it has been moved far enough, or with their signal. */
export class ManualClock implements Clock {
  #ms = 0;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  now = (): bigint => BigInt(this.#ms) * 1000n;
  monotonicMs = (): number => this.#ms;

  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { at: this.#ms + ms, wake: resolve };
    const end = (): void => reject(signal?.reason as Error);
    this.#sleepers.add(sleeper);
    signal?.addEventListener('abort', end, { once: true });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener('abort', end);
    }
  };

  /** Wakes every sleeper whose time has come, then lets what they began run until it waits for time or for the test. */
  async advance(ms: number): Promise<void> {
    this.#ms += ms;
    for (const sleeper of this.#sleepers) if (sleeper.at <= this.#ms) sleeper.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
