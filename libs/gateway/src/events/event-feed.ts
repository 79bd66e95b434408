import { deliveryDead, recordEvent, toBusMessage } from '@slipway/contracts';
import { DEFAULT_WORKSPACE, ExhaustedError, type Clock, type Component, type Logger } from '@slipway/kernel';
import type { Counter, MetricsRegistry } from '@slipway/platform';
import type { BusMessage, Delivery, EventBus, Subscription } from '@slipway/plugin-kit';
import { EventLog, type Replay } from './event-log.ts';
import { readDelivery, type FeedEvent } from './feed-event.ts';
import { FeedReader, type Interest } from './feed-reader.ts';

export interface EventFeedOptions {
  readonly bus: EventBus;
  /** Durable consumer of this process alone. */
  readonly durable: string;
  /** Kept for late joiners: so many facts, and so much telemetry. */
  readonly eventsMax: number;
  readonly clientsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

/** Of all kept facts together, of all kept telemetry, and of those that wait for one client. */
const LOG_CHARACTERS_MAX = 16 * 1024 * 1024;
const CLIENT_CHARACTERS_MAX = 2 * 1024 * 1024;
const ALL_EVENTS = 'slipway.>';

/** One subscription of the bus for all pages: durables are costly, pages come and go. */
export class EventFeed implements Component {
  readonly name = 'event feed';
  readonly #options: EventFeedOptions;
  readonly #events: EventLog;
  readonly #readers = new Set<FeedReader>();
  readonly #dropped: Counter;
  readonly #invalid: Counter;
  #subscription: Subscription | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
    this.#events = new EventLog(options.eventsMax, LOG_CHARACTERS_MAX);
    this.#dropped = options.metrics.counter({
      name: 'gateway_event_clients_dropped_total',
      help: 'Clients of the event stream that read too slowly and were dropped.',
    });
    this.#invalid = options.metrics.counter({
      name: 'gateway_events_invalid_total',
      help: 'Messages of the bus that are no event and were left out of the event stream.',
    });
    options.metrics.gauge({
      name: 'gateway_event_clients',
      help: 'Clients of the event stream now.',
      read: () => this.#readers.size,
    });
  }

  async start(): Promise<void> {
    const { bus, durable } = this.#options;
    this.#subscription = await bus.subscribe(
      {
        durable,
        subject: ALL_EVENTS,
        from: 'now',
        ackWaitMs: 30_000,
        deliveriesMax: 2,
        backoffMs: [100],
        inFlightMax: 256,
        handlerTimeoutMs: 10_000,
        deadLetter: (delivery, error) => this.#deadLetter(delivery, error),
      },
      async (delivery) => this.#receive(delivery),
    );
  }

  async drain(): Promise<void> {
    for (const reader of this.#readers) reader.wake();
    await this.#subscription?.drain();
  }

  stop(): Promise<void> {
    return this.drain();
  }

  isHealthy(): boolean {
    return this.#subscription !== undefined && this.#options.bus.isHealthy();
  }

  /** @throws {ExhaustedError} when there are too many. */
  join(interest: Interest): FeedReader {
    const { clientsMax } = this.#options;
    if (this.#readers.size >= clientsMax) {
      throw new ExhaustedError(`${clientsMax} clients read events already`, { reason: 'TOO_MANY_EVENT_CLIENTS' });
    }
    const reader = new FeedReader(interest, CLIENT_CHARACTERS_MAX);
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: FeedReader): void {
    this.#readers.delete(reader);
  }

  /** What this reader missed since it saw that position. */
  replay(reader: FeedReader, since: bigint): Replay {
    const { events, hasGap } = this.#events.after(since, !reader.countsTelemetry);
    return { events: events.filter((event) => reader.wants(event)), hasGap };
  }

  /** The newest events that this reader wants, oldest first. */
  recent(reader: FeedReader, count: number): readonly FeedEvent[] {
    const wanted = this.#events.all().filter((event) => reader.wants(event));
    return count === 0 ? [] : wanted.slice(-count);
  }

  #receive(delivery: Delivery): void {
    const event = readDelivery(delivery);
    if (!event) {
      this.#invalid.increase({});
      this.#options.log.warn({ subject: delivery.subject, id: delivery.id }, 'a message of the bus is no event');
      return;
    }
    if (!this.#events.add(event)) return;
    for (const reader of this.#readers) {
      if (reader.offer(event)) continue;
      this.#readers.delete(reader);
      this.#dropped.increase({});
    }
  }

  /** Never needed while `#receive` cannot fail; the port wants to know. */
  #deadLetter({ id, subject, attempt }: Delivery, error: unknown): BusMessage {
    const { clock, durable } = this.#options;
    const payload = {
      consumer: durable,
      event_id: id,
      subject,
      attempts: attempt,
      reason: error instanceof Error ? error.name : 'UNKNOWN',
    };
    const at = { id: `${id}.dead.${durable}`, workspace: DEFAULT_WORKSPACE, time: clock.now() };
    return toBusMessage(recordEvent(deliveryDead, payload, at), 'gateway');
  }
}
