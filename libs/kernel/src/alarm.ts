import type { Clock } from './clock.ts';

/** Lets a loop sleep by a clock until something happens. A ring while nobody sleeps is kept for the next sleep. */
export class Alarm {
  readonly #clock: Clock;
  #rung = false;
  #current: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring = (): void => {
    this.#rung = true;
    this.#current?.abort();
  };

  /** Resolves after `ms`, on `ring`, or when the signal aborts; never rejects. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const current = new AbortController();
      const end = (): void => current.abort();
      this.#current = current;
      signal.addEventListener('abort', end, { once: true });
      await this.#clock.sleep(ms, current.signal).catch(() => undefined); // it rejects when we end it, and for nothing else
      signal.removeEventListener('abort', end);
      this.#current = undefined;
    }
    this.#rung = false;
  }
}
