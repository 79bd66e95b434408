import { UnavailableError } from '@slipway/kernel';
import type { BrokerConnection } from './broker-connection.ts';
import type { NatsHeld } from './held-messages.ts';
import { fromNatsError } from './nats-errors.ts';
import { Turn } from './turn.ts';

const ACK = '+ACK';
const WORKING = '+WPI';
const NAK = '-NAK';

/** Answers to deliveries. Acknowledgements can be stopped for a moment, so that the broker's count of open ones can be read exactly. */
export class Acknowledgements {
  readonly #broker: BrokerConnection;
  readonly #timeoutMs: number;
  readonly #onSettled: (held: NatsHeld) => void;
  /** Handled, and the broker has not confirmed it yet. */
  readonly #wanted = new Set<NatsHeld>();
  readonly #underway = new Map<Promise<unknown>, (error: Error) => void>();
  readonly #turn = new Turn();
  #quiet: Promise<void> | undefined;

  /** @param onSettled called when the broker has confirmed, before the call that asked for it resolves. */
  constructor(broker: BrokerConnection, timeoutMs: number, onSettled: (held: NatsHeld) => void) {
    this.#broker = broker;
    this.#timeoutMs = timeoutMs;
    this.#onSettled = onSettled;
  }

  /** Resolves when the broker has confirmed that it took the acknowledgement. */
  async acknowledge(held: NatsHeld): Promise<void> {
    this.#wanted.add(held);
    await this.#turn.next();
    while (this.#quiet) await this.#quiet;
    if (this.#wanted.has(held)) await this.#request(held); // else it was confirmed while we waited
  }

  /** The broker no longer knows the message: nothing is left to acknowledge. */
  forget(held: NatsHeld): void {
    this.#wanted.delete(held);
  }

  /**
   * Not the client's `ackAck`: that sends once per message, a lost one could not be repeated. Ends at once when the connection does,
   * for the answer cannot come any more.
   */
  async #request(held: NatsHeld): Promise<void> {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    const { connection } = this.#broker;
    const request = Promise.race([connection.request(held.reply, ACK, { timeout: this.#timeoutMs }), lost]);
    this.#underway.set(request, reject);
    try {
      await request;
      this.#wanted.delete(held);
      this.#onSettled(held);
    } catch (error) {
      throw fromNatsError(error, 'acknowledging');
    } finally {
      this.#underway.delete(request);
    }
  }

  /** Gives up waiting for confirmations; what was handled is asked for again by `whileQuiet`. */
  connectionLost(): void {
    for (const reject of this.#underway.values()) reject(new UnavailableError('the connection to the broker was lost'));
  }

  /** Runs `step` when the broker knows all that was handled, and while no acknowledgement is on its way. */
  async whileQuiet<T>(step: () => Promise<T>): Promise<T> {
    while (this.#quiet) await this.#quiet;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#quiet = promise;
    try {
      await Promise.allSettled(this.#underway.keys());
      // A failure here is repeated by whoever wanted it; the count is then too low for this one session.
      await Promise.allSettled([...this.#wanted].map((held) => this.#request(held)));
      return await step();
    } finally {
      this.#quiet = undefined;
      resolve();
    }
  }

  /** Repeats the acknowledgement of something settled; when it is lost, the broker delivers again and it is repeated again. */
  repeat(reply: string): void {
    this.#send(reply, ACK);
  }

  /** The same for many; resolves when the broker has taken all of them: it does so in the order they come. */
  async repeatAll(replies: readonly string[]): Promise<void> {
    for (const reply of replies.slice(0, -1)) this.#send(reply, ACK);
    const last = replies.at(-1);
    if (last === undefined) return;
    await this.#broker.connection.request(last, ACK, { timeout: this.#timeoutMs });
  }

  /** Starts the ack wait of these again. */
  extend(held: Iterable<NatsHeld>): void {
    for (const { reply } of held) this.#send(reply, WORKING);
  }

  /** Whoever subscribes next gets these at once. */
  giveBack(held: Iterable<NatsHeld>): void {
    for (const { reply } of held) this.#send(reply, NAK);
  }

  #send(reply: string, answer: string): void {
    // Without a connection the answer could not arrive; the ack wait runs out and the broker delivers again.
    if (this.#broker.isConnected) this.#broker.connection.publish(reply, answer);
  }
}
