import type { Plugin } from './plugin.ts';

/** A message as publishers hand it over and subscribers get it. */
export interface BusMessage {
  /** Dotted tokens without wildcards, e.g. `slipway.v1.default.registry.alias.moved.flights`; at most 512 bytes. */
  readonly subject: string;
  /** Unique per fact, 1 to 256 visible ASCII characters. A second publish of the same id within the deduplication window is acknowledged and not stored again. */
  readonly id: string;
  /** Order holds among messages of equal key on one bus; includes the workspace. 1 to 512 bytes, any characters. */
  readonly key: string;
  /** At most `capabilities.messageBytesMax`. */
  readonly data: Uint8Array;
  /** Names of ASCII letters, digits, `-` and `_`, not `Nats-*` or `Slipway-Key`; values without control characters or blanks at their ends; 32 KiB together. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PublishReceipt {
  readonly id: string;
  /** Position in the log; increases with the order of storing. */
  readonly sequence: bigint;
  /** The id was stored before; nothing was stored now. */
  readonly duplicate: boolean;
}

/** The end of the log. */
export interface BusHead {
  /** Names this incarnation of the log: another one when the log was created anew, the same across restarts of the broker. Never empty. */
  readonly logId: string;
  /** Sequence of the last message ever stored in this incarnation, 0 for none. A value below one of a receipt means that the broker lost messages. */
  readonly lastSequence: bigint;
}

export interface Delivery extends BusMessage {
  readonly sequence: bigint;
  /** When the broker stored it, by its own clock, in milliseconds since 1970; absent when it does not tell. */
  readonly storedAtMs?: number;
  /** One more than the deliveries of this message that are known to have failed, also before a restart; 1 for the first. A message that was merely held is not charged for it. */
  readonly attempt: number;
}

export interface SubscribeOptions {
  /** Name of the durable consumer: letters, digits, `-` and `_`. Its position survives restarts of the process and of the broker. */
  readonly durable: string;
  /** One subject filter, `*` for one token, `>` for the rest. It is fixed for the life of the durable. */
  readonly subject: string;
  /** Where a new durable begins. */
  readonly from: 'beginning' | 'now';
  /** A delivery without a result after this time is delivered again; while the handler runs the driver extends it. */
  readonly ackWaitMs: number;
  /** After this many failed deliveries a message is dead-lettered and its key goes on. 1 or more. */
  readonly deliveriesMax: number;
  /** Waiting time before attempt 2, 3, …; the last value repeats. Meanwhile only this key waits. */
  readonly backoffMs: readonly number[];
  /** Bound on messages held by this subscriber, all keys together; 1 to 65536. A failing key with more messages than this behind it holds back the others too, until it goes on. */
  readonly inFlightMax: number;
  /**
   * Messages of one key that may be handed to the handler before the first of them has settled; 1 when left out. They are handed over in order and
   * in one turn, and it is then the handler that keeps their effects in order: when one fails, it fails those of its key behind it too, without an
   * effect. Such a failure is not counted: what failed is delivered again, one at a time.
   */
  readonly keyRunMax?: number;
  /** A handler that has not settled after this time is aborted through its signal and counts as failed; one that ignores the signal may overlap with the next attempt. */
  readonly handlerTimeoutMs: number;
  /** What to publish for a message that failed its last delivery; its id must follow from the delivery, so that a repeat is dropped. It is repeated until it is stored: while it cannot be, its key waits. */
  readonly deadLetter: (delivery: Delivery, error: unknown) => BusMessage;
}

/** Idempotent. Resolves when the effect is durable: only then is the message acknowledged. A rejection is a failed delivery. */
export type DeliveryHandler = (delivery: Delivery, signal: AbortSignal) => Promise<void>;

export interface SubscriptionStatus {
  /** `stalled`: messages are waiting and none was delivered for longer than the watchdog allows; the driver is re-subscribing. */
  readonly state: 'active' | 'reconnecting' | 'stalled' | 'draining' | 'closed';
  readonly inFlight: number;
  readonly delivered: bigint;
  readonly redelivered: bigint;
  readonly deadLettered: bigint;
  /** Messages stored and not yet acknowledged by this durable, when known. */
  readonly pending: bigint | undefined;
}

export interface Subscription {
  status(): SubscriptionStatus;
  /** Take no more messages; resolves when the handlers that run have settled and their acknowledgements are durable. Safe to call twice. */
  drain(): Promise<void>;
}

/**
 * Durable, ordered-per-key, at-least-once messages. Keeps the semantics of JetStream that we rely on: durable consumers,
 * explicit acknowledgement, redelivery after a wait, dead letters, deduplication by id. Safe for concurrent calls.
 *
 * Order per key: a message is handed to the handler only when all earlier ones of its key are acknowledged or dead-lettered, also across
 * restarts. It holds for one active subscriber per durable; a durable with several of them at once keeps at-least-once and loses order.
 */
export interface EventBus {
  readonly capabilities: { readonly messageBytesMax: number; readonly deduplicationWindowMs: number };
  /** Usable, or failed before `signal` aborts; called once. @throws {UnavailableError} when the broker cannot be reached. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Stores all messages in the given order, or a beginning of them when it fails. Resolves when every one is durable; one receipt each, in order.
   * The order of calls that run at the same time is not defined: await one before the next where it matters.
   * @throws {UnavailableError} when not all are known to be stored: repeat with the same ids. @throws {InvalidArgumentError} on a subject, header or size that cannot be stored.
   */
  publish(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]>;
  /** Creates the durable when it is new, and delivers to `handler` until the subscription is drained or the bus closed. */
  subscribe(options: SubscribeOptions, handler: DeliveryHandler): Promise<Subscription>;
  /**
   * Deletes a durable that nobody subscribes to any more: its position is forgotten and holds nothing back. Idempotent.
   * @throws {UnavailableError} when the broker cannot be reached.
   */
  forget(durable: string): Promise<void>;
  /**
   * Where the log ends now, as stored, so that a publisher notices what the broker has lost.
   * @throws {UnavailableError} when the broker cannot be reached.
   */
  head(): Promise<BusHead>;
  /** Whether the broker can be reached now. */
  isHealthy(): boolean;
  /** Drains all subscriptions, refuses new calls; safe to call twice. */
  close(): Promise<void>;
}

export type EventBusPlugin<Config = unknown> = Plugin<'event-bus', Config, EventBus>;
