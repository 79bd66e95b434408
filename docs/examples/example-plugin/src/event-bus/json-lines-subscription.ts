import {
  KeyedDelivery,
  type BusMessage,
  type Clock,
  type DeliveryHandler,
  type Logger,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStatus,
} from '@slipway/plugin-kit';
import type { DurableReader, Held } from './durable-reader.ts';
import type { Entry } from './journal.ts';

const BATCH_MESSAGES = 256;
const RETRY_MS = 1_000;

export interface SubscriptionParts {
  readonly reader: DurableReader;
  readonly options: SubscribeOptions;
  readonly handler: DeliveryHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly append: (entry: Entry) => Promise<void>;
  readonly publish: (message: BusMessage, signal: AbortSignal) => Promise<void>;
  /** Messages stored and not acknowledged, when that is cheap to know. */
  readonly pending: () => bigint | undefined;
  readonly onClosed: () => void;
}

/** Moves messages of one durable to the handler; order, retries and dead letters are the kit's. */
export class JsonLinesSubscription implements Subscription {
  readonly #parts: SubscriptionParts;
  readonly #delivery: KeyedDelivery<Held>;
  readonly #draining = new AbortController();
  #state: SubscriptionStatus['state'] = 'active';
  #pump: Promise<void> | undefined;
  #isWoken = false;
  #drained: Promise<void> | undefined;

  constructor(parts: SubscriptionParts) {
    const { reader, append } = parts;
    const { durable } = reader;
    this.#parts = parts;
    this.#delivery = new KeyedDelivery<Held>({
      subscription: parts.options,
      handler: parts.handler,
      clock: parts.clock,
      log: parts.log,
      settlement: {
        acknowledge: async ({ sequence }) => {
          await append({ type: 'acknowledged', durable, sequence });
          reader.settled(sequence);
        },
        recordFailures: ({ sequence }, failures) => append({ type: 'failures', durable, sequence, failures }),
        publishDeadLetter: parts.publish,
        extend: () => undefined, // nobody else can be given a message that this process holds
        roomFreed: () => this.wake(),
      },
    });
  }

  /** Looks for messages; cheap when there is nothing to do. */
  wake(): void {
    this.#isWoken = true;
    if (this.#state !== 'active' || this.#pump || this.#parts.reader.isCaughtUp) return;
    this.#pump = this.#run().finally(() => {
      this.#pump = undefined;
      if (this.#isWoken) this.wake();
    });
  }

  status(): SubscriptionStatus {
    return { state: this.#state, ...this.#delivery.counts, pending: this.#parts.pending() };
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drainOnce();
    return this.#drained;
  }

  async #drainOnce(): Promise<void> {
    this.#state = 'draining';
    this.#draining.abort();
    const unsettled = this.#delivery.drain();
    await this.#pump;
    this.#parts.reader.giveBack((await unsettled).map(({ sequence }) => sequence));
    this.#state = 'closed';
    this.#parts.onClosed();
  }

  async #run(): Promise<void> {
    const { reader, clock, log } = this.#parts;
    this.#isWoken = false;
    try {
      while (this.#state === 'active' && this.#delivery.room > 0 && !reader.isCaughtUp) await this.#step();
    } catch (error) {
      log.error({ err: error }, 'messages could not be handed out; trying again');
      this.#isWoken = true;
      await clock.sleep(RETRY_MS, this.#draining.signal).catch(() => undefined); // draining ends the wait
    }
  }

  async #step(): Promise<void> {
    const { reader, append } = this.#parts;
    const taken = reader.take(Math.min(this.#delivery.room, BATCH_MESSAGES));
    const last = taken.at(-1);
    if (!last) return void (await new Promise((resolve) => void setImmediate(resolve)));
    let offered = 0;
    try {
      // Before any of them is handed out, so that after the end of the process it is known which may have been.
      await append({ type: 'handed', durable: reader.durable, sequence: last.sequence });
      for (; offered < taken.length && this.#delivery.room > 0; offered++) this.#delivery.offer(taken[offered] as Held);
    } finally {
      reader.giveBack(taken.slice(offered).map(({ sequence }) => sequence));
    }
  }
}
