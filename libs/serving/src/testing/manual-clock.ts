import type { Clock } from '@slipway/kernel';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** Stands still until told to go on. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #sleepers = new Set<Sleeper>();

  now(): bigint {
    return BigInt(Math.round(this.#nowMs * 1000));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const sleeper: Sleeper = { wakeAtMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Goes on by `ms` and lets what woke run. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.wakeAtMs > this.#nowMs) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await quiesce();
  }
}

/** Lets everything run that needs no time to pass. */
export async function quiesce(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
