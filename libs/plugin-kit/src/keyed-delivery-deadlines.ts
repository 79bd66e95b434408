import type { Clock } from '@slipway/kernel';

/**
 * Many deadlines of one length behind a single timer: they fall due in the order in which they were added.
 * A timer per delivery would cost more than the delivery.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lengthMs: number;
  readonly #signal: AbortSignal;
  readonly #due = new Map<() => void, number>();
  #watching = false;

  /** @param signal ends the timer; deadlines that have not fallen due then never do. */
  constructor(clock: Clock, lengthMs: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#lengthMs = lengthMs;
    this.#signal = signal;
  }

  /** Calls `expire` once after the length of this set, unless it was removed before. */
  add(expire: () => void): void {
    this.#due.set(expire, this.#clock.monotonicMs() + this.#lengthMs);
    if (!this.#watching) void this.#watch();
  }

  remove(expire: () => void): void {
    this.#due.delete(expire);
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    try {
      while (this.#due.size > 0) {
        const [first] = this.#due.values();
        await this.#clock.sleep(Math.max(1, (first ?? 0) - this.#clock.monotonicMs()), this.#signal);
        this.#expireDue();
      }
    } catch {
      this.#due.clear(); // the signal ended the sleep: nobody waits for these any more
    } finally {
      this.#watching = false;
    }
  }

  #expireDue(): void {
    const now = this.#clock.monotonicMs();
    for (const [expire, at] of this.#due) {
      if (at > now) return;
      this.#due.delete(expire);
      expire();
    }
  }
}
