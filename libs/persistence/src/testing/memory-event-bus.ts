import { InvalidArgumentError, UnavailableError } from '@slipway/kernel';
import {
  subjectMatches,
  type BusMessage,
  type Delivery,
  type EventBus,
  type PublishReceipt,
  type SubscribeOptions,
  type Subscription,
} from '@slipway/plugin-kit';

/** A bus in memory for tests of what stands before and behind one; it can be down, slow, forgetful and picky on request. */
export interface MemoryEventBus extends EventBus {
  readonly log: readonly (BusMessage & { readonly sequence: bigint })[];
  /** While true, publishing is refused as unavailable. */
  down: boolean;
  /** Ids that the bus refuses as invalid. */
  readonly refused: Set<string>;
  /** Forgets messages from a sequence on, and their ids. */
  loseFrom(sequence: bigint): void;
  /** A new, empty log. */
  recreate(): void;
  /** Called before messages are stored. */
  beforePublish: ((messages: readonly BusMessage[]) => Promise<void>) | undefined;
}

export function createMemoryEventBus(): MemoryEventBus {
  let log: (BusMessage & { readonly sequence: bigint })[] = [];
  let last = 0n;
  let incarnation = 1;
  const subscriptions: { options: SubscribeOptions; push: (message: Delivery) => void }[] = [];

  const store = (message: BusMessage): PublishReceipt => {
    const known = log.find(({ id }) => id === message.id);
    if (known) return { id: message.id, sequence: known.sequence, duplicate: true };
    last += 1n;
    const stored = { ...message, sequence: last };
    log.push(stored);
    for (const { options, push } of subscriptions) {
      if (subjectMatches(options.subject, message.subject)) push({ ...stored, attempt: 1 });
    }
    return { id: message.id, sequence: last, duplicate: false };
  };

  const bus: MemoryEventBus = {
    capabilities: { messageBytesMax: 1024 * 1024, deduplicationWindowMs: Number.MAX_SAFE_INTEGER },
    down: false,
    refused: new Set(),
    beforePublish: undefined,
    get log() {
      return log;
    },
    loseFrom: (sequence) => {
      log = log.filter((message) => message.sequence < sequence);
      last = log.at(-1)?.sequence ?? 0n;
    },
    recreate: () => {
      log = [];
      last = 0n;
      incarnation += 1;
    },
    open: () => Promise.resolve(),
    publish: async (messages) => {
      await bus.beforePublish?.(messages);
      if (bus.down) throw new UnavailableError('the bus is down');
      if (messages.some(({ id }) => bus.refused.has(id))) throw InvalidArgumentError.of('messages', 'refused');
      return messages.map(store);
    },
    subscribe: (options, handler) => {
      const queue = new DeliveryQueue(options, handler, store);
      const entry = { options, push: (message: Delivery) => queue.push(message) };
      for (const message of log)
        if (subjectMatches(options.subject, message.subject)) entry.push({ ...message, attempt: 1 });
      subscriptions.push(entry);
      return Promise.resolve(queue);
    },
    forget: () => Promise.resolve(), // it keeps no positions
    head: () =>
      bus.down
        ? Promise.reject(new UnavailableError('the bus is down'))
        : Promise.resolve({ logId: `memory-${incarnation}`, lastSequence: last }),
    isHealthy: () => !bus.down,
    close: () => Promise.resolve(),
  };
  return bus;
}

/** One after the other, which keeps every order there is; repeats at once and dead-letters at the end. */
class DeliveryQueue implements Subscription {
  readonly #options: SubscribeOptions;
  readonly #handler: (delivery: Delivery, signal: AbortSignal) => Promise<void>;
  readonly #publish: (message: BusMessage) => void;
  #tail: Promise<void> = Promise.resolve();
  #counts = { inFlight: 0, delivered: 0n, redelivered: 0n, deadLettered: 0n };
  #draining = false;

  constructor(
    options: SubscribeOptions,
    handler: (delivery: Delivery, signal: AbortSignal) => Promise<void>,
    publish: (message: BusMessage) => void,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#publish = publish;
  }

  push(message: Delivery): void {
    if (this.#draining) return;
    this.#tail = this.#tail.then(() => this.#deliver(message));
  }

  async #deliver(message: Delivery): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const delivery = { ...message, attempt };
      try {
        if (attempt > 1) this.#counts.redelivered += 1n;
        await this.#handler(delivery, new AbortController().signal);
        this.#counts.delivered += 1n;
        return;
      } catch (error) {
        if (attempt < this.#options.deliveriesMax) continue;
        this.#counts.deadLettered += 1n;
        this.#publish(this.#options.deadLetter(delivery, error));
        return;
      }
    }
  }

  status(): ReturnType<Subscription['status']> {
    return { state: this.#draining ? 'closed' : 'active', pending: undefined, ...this.#counts };
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.#tail;
  }
}
