import type { Clock } from '@slipway/kernel';

/** A clock that moves only when the test says so. */
export class ManualClock implements Clock {
  #ms = 0;
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>();

  now(): bigint {
    return BigInt(this.#ms) * 1000n;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { at: this.#ms + ms, wake: resolve };
    this.#sleepers.add(sleeper);
    const end = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', end, { once: true });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener('abort', end);
    }
  }

  /** Wakes every sleeper whose time has come. */
  advance(ms: number): void {
    this.#ms += ms;
    for (const sleeper of this.#sleepers) if (sleeper.at <= this.#ms) sleeper.wake();
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }
}
