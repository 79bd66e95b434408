import type { PubAck } from '@nats-io/jetstream';
import { InvalidArgumentError, UnavailableError } from '@slipway/kernel';
import { assertPublishable, subjectMatches, type BusMessage, type PublishReceipt } from '@slipway/plugin-kit';
import type { BrokerConnection } from './broker-connection.ts';
import type { NatsEventBusConfig } from './config.ts';
import { toHeaders } from './message-codec.ts';
import { fromNatsError } from './nats-errors.ts';
import { Turn } from './turn.ts';

/** Sends messages in order with a bounded number of unconfirmed ones, and waits for the broker's confirmation of each. */
export class Publisher {
  readonly #broker: BrokerConnection;
  readonly #config: NatsEventBusConfig;
  readonly #onMissingStream: () => void;
  readonly #waiting: (() => void)[] = [];
  readonly #turn = new Turn();
  #unconfirmed = 0;

  /** @param onMissingStream called when nobody stores the subject any more. */
  constructor(broker: BrokerConnection, config: NatsEventBusConfig, onMissingStream: () => void) {
    this.#broker = broker;
    this.#config = config;
    this.#onMissingStream = onMissingStream;
  }

  /** See `EventBus.publish`. */
  async publish(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    assertPublishable(messages, this.#config.messageBytesMax);
    this.#assertStored(messages);
    const stop = new AbortController();
    const stopped = Promise.withResolvers<never>();
    const end = (why: string, cause?: unknown): void => {
      stopped.reject(new UnavailableError(why, { cause, reason: 'EVENT_BUS_UNAVAILABLE' }));
      stop.abort();
    };
    const abort = (): void => end('publishing was aborted', signal.reason);
    const timer = setTimeout(() => end('publishing was not confirmed in time'), this.#config.publishTimeoutMs);
    // What was sent before a disconnection may be lost while what follows it is stored. So a call ends with the connection
    // it began on: what is stored is then a beginning of its list, and a repetition keeps the order.
    const stopListening = this.#broker.onChange((isConnected) => {
      if (!isConnected) end('the connection to the broker was lost while publishing');
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await Promise.race([stopped.promise, this.#sendAll(messages, stop)]);
    } finally {
      clearTimeout(timer);
      stopListening();
      signal.removeEventListener('abort', abort);
    }
  }

  async #sendAll(messages: readonly BusMessage[], stop: AbortController): Promise<readonly PublishReceipt[]> {
    if (!this.#broker.isConnected) await this.#broker.untilConnected(stop.signal);
    // One call alone goes at once; calls at the same time go together, in their order.
    if (this.#unconfirmed > 0 || this.#turn.isAwaited) await this.#turn.next();
    const receipts: Promise<PublishReceipt>[] = [];
    for (const message of messages) {
      while (this.#unconfirmed >= this.#config.publishWindow) {
        await new Promise<void>((resolve) => void this.#waiting.push(resolve));
      }
      if (stop.signal.aborted) break; // an earlier one failed: nothing may be stored after it
      const receipt = this.#send(message);
      receipt.catch(() => stop.abort());
      receipts.push(receipt);
    }
    const confirmed = await Promise.all(receipts);
    if (confirmed.length < messages.length)
      throw new UnavailableError('not all messages could be sent', { reason: 'EVENT_BUS_UNAVAILABLE' });
    return confirmed;
  }

  async #send(message: BusMessage): Promise<PublishReceipt> {
    this.#unconfirmed += 1;
    try {
      const ack: PubAck = await this.#broker.client.publish(message.subject, message.data, {
        msgID: message.id,
        headers: toHeaders(message),
        timeout: this.#config.publishTimeoutMs,
        expect: { streamName: this.#config.stream },
      });
      return { id: message.id, sequence: BigInt(ack.seq), duplicate: ack.duplicate };
    } catch (error) {
      // Nobody answered: JetStream is not ready yet, or the stream is gone.
      if (error instanceof Error && error.name === 'JetStreamNotEnabled') this.#onMissingStream();
      throw fromNatsError(error, 'publishing');
    } finally {
      this.#unconfirmed -= 1;
      this.#waiting.shift()?.();
    }
  }

  #assertStored(messages: readonly BusMessage[]): void {
    const violations = messages.flatMap(({ subject }, index) =>
      this.#config.subjects.some((filter) => subjectMatches(filter, subject))
        ? []
        : [
            {
              field: `messages[${index}].subject`,
              description: `stream ${this.#config.stream} stores ${this.#config.subjects.join(', ')} only`,
            },
          ],
    );
    if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'EVENT_BUS_MESSAGE_INVALID' });
  }
}
