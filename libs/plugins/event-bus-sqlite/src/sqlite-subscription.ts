import type { Clock, Logger } from '@slipway/kernel';
import {
  KeyedDelivery,
  type BusMessage,
  type DeliveryHandler,
  type HeldMessage,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStatus,
} from '@slipway/plugin-kit';
import type { Durable, Taken } from './durable.ts';
import type { LogRow } from './event-log.ts';

/** Messages read at a time. */
const BATCH_ROWS = 256;

interface SqliteHeld extends HeldMessage {
  readonly sequence: number;
}

export interface SqliteSubscriptionParts {
  readonly durable: Durable;
  readonly options: SubscribeOptions;
  readonly handler: DeliveryHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (messages: readonly BusMessage[], signal: AbortSignal) => Promise<unknown>;
  /** Called once, when the subscription has given back what it held. */
  readonly onClosed: () => void;
}

/** Moves messages of one durable from the log to the handler. */
export class SqliteSubscription implements Subscription {
  readonly #durable: Durable;
  readonly #delivery: KeyedDelivery<SqliteHeld>;
  readonly #log: Logger;
  readonly #onClosed: () => void;
  #state: SubscriptionStatus['state'] = 'active';
  #isScheduled = false;
  #drained: Promise<void> | undefined;

  constructor(parts: SqliteSubscriptionParts) {
    const { durable } = parts;
    this.#durable = durable;
    this.#log = parts.log;
    this.#onClosed = parts.onClosed;
    this.#delivery = new KeyedDelivery<SqliteHeld>({
      subscription: parts.options,
      handler: parts.handler,
      clock: parts.clock,
      log: parts.log,
      settlement: {
        acknowledge: (held) => durable.acknowledge(held.sequence),
        recordFailures: (held, failures) => durable.recordFailures(held.sequence, failures),
        publishDeadLetter: async (message, signal) => void (await parts.publish([message], signal)),
        extend: () => undefined, // nobody else can be given a message that this process holds
        roomFreed: () => this.wake(),
      },
    });
  }

  /** Looks for messages soon; cheap when there is nothing to do. */
  wake(): void {
    if (this.#isScheduled || this.#state !== 'active' || this.#durable.isCaughtUp) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  status(): SubscriptionStatus {
    const pending = this.#state === 'closed' ? undefined : this.#durable.pending();
    return { state: this.#state, ...this.#delivery.counts, pending };
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drainOnce();
    return this.#drained;
  }

  async #drainOnce(): Promise<void> {
    this.#state = 'draining';
    const unsettled = await this.#delivery.drain();
    this.#durable.giveBack(unsettled.map((held) => held.sequence));
    await this.#durable.persistFloor().catch((error: unknown) => {
      // Only where the next start begins to read: what was acknowledged is written down already.
      this.#log.warn({ err: error }, 'the position of a durable could not be advanced');
    });
    this.#state = 'closed';
    this.#onClosed();
  }

  #pump(): void {
    if (this.#state !== 'active') return;
    const room = this.#delivery.room;
    if (room <= 0) return; // roomFreed wakes again
    try {
      for (const taken of this.#durable.take(Math.min(room, BATCH_ROWS))) this.#delivery.offer(toHeld(taken));
    } catch (error) {
      this.#log.error({ err: error }, 'the event log cannot be read; trying again at the next maintenance');
      return;
    }
    this.wake();
  }
}

function toHeld({ row, failures, redelivered }: Taken): SqliteHeld {
  return { sequence: row.sequence, message: toMessage(row), failures, redelivered };
}

function toMessage(row: LogRow): SqliteHeld['message'] {
  return {
    sequence: BigInt(row.sequence),
    id: row.id,
    subject: row.subject,
    key: row.key,
    storedAtMs: row.stored_at,
    headers: JSON.parse(row.headers) as Record<string, string>, // written by `EventLog.append`
    data: new Uint8Array(row.data.buffer, row.data.byteOffset, row.data.byteLength),
  };
}
