import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@slipway/kernel';

/** A clock that moves only when the test says so; wall time begins at one day after 1970. */
export class ManualClock implements Clock {
  #ms = 86_400_000;
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
    const end = (): void => reject(signal?.reason as Error);
    this.#sleepers.add(sleeper);
    signal?.addEventListener('abort', end, { once: true });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener('abort', end);
    }
  }

  /** Wakes every sleeper whose time has come, then lets what they began on an in-process database come to rest. */
  async advance(ms: number): Promise<void> {
    this.#ms += ms;
    for (const sleeper of this.#sleepers) if (sleeper.at <= this.#ms) sleeper.wake();
    await settle();
  }
}

/** Enough turns of the event loop for a few transactions on SQLite, which never wait for anything outside of the process. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await turn();
}
