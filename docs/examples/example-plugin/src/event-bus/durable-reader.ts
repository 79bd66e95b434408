import type { HeldMessage } from '@slipway/plugin-kit';
import type { LogState, StoredMessage } from './log-state.ts';

/** Messages looked at in one step, so that a selective filter on a long log does not keep the event loop. */
const SCAN_MAX = 4_096;

export interface Held extends HeldMessage {
  readonly sequence: number;
}

/** Where the subscriptions of one durable go on reading, and what they hold. */
export class DurableReader {
  readonly durable: string;
  readonly #state: LogState;
  readonly #held = new Set<number>();
  /** Handed out in an earlier life when at or below this. */
  readonly #redeliveredUpTo: number;
  #cursor: number;
  subscriptions = 0;

  constructor(durable: string, state: LogState) {
    this.durable = durable;
    this.#state = state;
    const { floor, handed } = state.durable(durable);
    this.#cursor = floor;
    this.#redeliveredUpTo = handed;
  }

  get isCaughtUp(): boolean {
    return this.#cursor >= this.#state.last;
  }

  /** The next messages in order, at most `limit`; none while not caught up means: ask again. */
  take(limit: number): Held[] {
    const durable = this.#state.durable(this.durable);
    const taken: Held[] = [];
    const end = Math.min(this.#state.last, this.#cursor + SCAN_MAX);
    while (this.#cursor < end && taken.length < limit) {
      this.#cursor += 1;
      const message = this.#state.messages.get(this.#cursor);
      if (!message || this.#held.has(this.#cursor) || !this.#state.isWaiting(durable, this.#cursor)) continue;
      this.#held.add(this.#cursor);
      taken.push(toHeld(message, durable.failures.get(this.#cursor) ?? 0, this.#cursor <= this.#redeliveredUpTo));
    }
    return taken;
  }

  settled(sequence: number): void {
    this.#held.delete(sequence);
  }

  /** Not settled: whoever reads next gets them again. */
  giveBack(sequences: readonly number[]): void {
    for (const sequence of sequences) this.#held.delete(sequence);
    this.#cursor = Math.min(this.#cursor, ...sequences.map((sequence) => sequence - 1));
  }
}

function toHeld(message: StoredMessage, failures: number, redelivered: boolean): Held {
  const { sequence, at, id, subject, key, headers, data } = message;
  // a handler may write into what it gets
  const own = {
    sequence: BigInt(sequence),
    id,
    subject,
    key,
    headers: { ...headers },
    data: data.slice(),
    storedAtMs: at,
  };
  return { sequence, message: own, failures, redelivered };
}
