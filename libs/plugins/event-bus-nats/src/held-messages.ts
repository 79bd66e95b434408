import type { JsMsg } from '@nats-io/jetstream';
import type { HeldMessage } from '@slipway/plugin-kit';

/** How many settled messages are remembered, to tell a redelivery that crossed its acknowledgement from one that has to be handled. */
const SETTLED_MAX = 16_384;

export interface NatsHeld extends HeldMessage {
  readonly sequence: number;
  /** When the stream was made; a message of an earlier stream must not acknowledge one of this stream. */
  readonly epoch: string;
  /** Where to answer; the broker's newest delivery of the message counts. */
  reply: string;
  hasFailed: boolean;
}

/** What this subscription has in hand of the present stream, and what it settled lately. */
export class HeldMessages {
  readonly #inHand = new Map<number, NatsHeld>();
  /** Where each was acknowledged. */
  readonly #settled = new Map<number, string>();
  #epoch = '';

  get epoch(): string {
    return this.#epoch;
  }

  /** The stream was made at `epoch`; when that is news, its sequences have another meaning than those known so far. */
  enter(epoch: string): boolean {
    if (epoch === this.#epoch) return false;
    const isNew = this.#epoch !== '';
    this.#epoch = epoch;
    this.#inHand.clear();
    this.#settled.clear();
    return isNew;
  }

  get(sequence: number): NatsHeld | undefined {
    return this.#inHand.get(sequence);
  }

  isSettled(sequence: number): boolean {
    return this.#settled.has(sequence);
  }

  /** Where to repeat the acknowledgements of what was settled lately after `floor` and up to `last`. */
  settledBetween(floor: number, last: number): string[] {
    return [...this.#settled].filter(([sequence]) => sequence > floor && sequence <= last).map(([, reply]) => reply);
  }

  /** In hand and at or below `sequence`. */
  countUpTo(sequence: number): number {
    let count = 0;
    for (const held of this.#inHand.keys()) if (held <= sequence) count += 1;
    return count;
  }

  values(): Iterable<NatsHeld> {
    return this.#inHand.values();
  }

  take(held: NatsHeld): void {
    this.#inHand.set(held.sequence, held);
  }

  settle(held: NatsHeld): void {
    if (held.epoch !== this.#epoch) return;
    this.#inHand.delete(held.sequence);
    this.#settled.set(held.sequence, held.reply);
    if (this.#settled.size > SETTLED_MAX) {
      for (const oldest of this.#settled.keys()) {
        this.#settled.delete(oldest);
        break;
      }
    }
  }
}

/** Where acknowledgements of a delivery go; part of every JetStream message, but not of the client's type. */
export function replyOf(stored: JsMsg): string {
  return (stored as JsMsg & { readonly reply: string }).reply;
}
