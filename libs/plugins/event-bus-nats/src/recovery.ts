import type { NatsHeld } from './held-messages.ts';

/**
 * Collects what the broker handed out before this session and still waits for, so that it is dispatched before anything newer:
 * redeliveries come only when their ack wait is over, newer messages at once.
 */
export class Recovery {
  /** The last sequence handed out before this session. */
  readonly #lastBefore: number;
  readonly #deadlineMs: number;
  #missing: number;
  readonly #collected: NatsHeld[] = [];

  /** @param missing how many messages up to `lastBefore` wait for an acknowledgement and are not in hand. */
  constructor(lastBefore: number, missing: number, deadlineMs: number) {
    this.#lastBefore = lastBefore;
    this.#missing = missing;
    this.#deadlineMs = deadlineMs;
  }

  add(held: NatsHeld): void {
    this.#collected.push(held);
    if (held.sequence <= this.#lastBefore) this.#missing -= 1;
  }

  /** The broker waited for one that was settled long ago. */
  noteSettled(sequence: number): void {
    if (sequence <= this.#lastBefore) this.#missing -= 1;
  }

  /** One that an earlier, unfinished recovery collected; it was in hand when `missing` was counted. */
  addCollected(held: NatsHeld): void {
    this.#collected.push(held);
  }

  get missing(): number {
    return this.#missing;
  }

  /** Past the deadline the rest belongs to another subscriber that keeps it alive, or was deleted by retention. */
  isComplete(nowMs: number): boolean {
    return this.#missing <= 0 || nowMs >= this.#deadlineMs;
  }

  /** Everything collected, in the order of the log. */
  inOrder(): NatsHeld[] {
    return this.#collected.toSorted((a, b) => a.sequence - b.sequence);
  }
}
