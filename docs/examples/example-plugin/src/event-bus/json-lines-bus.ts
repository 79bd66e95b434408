import { join } from 'node:path';
import {
  assertPublishable,
  assertSubscribeOptions,
  FailedPreconditionError,
  UnavailableError,
  type BusHead,
  type BusMessage,
  type DeliveryHandler,
  type DriverDependencies,
  type EventBus,
  type PublishReceipt,
  type SubscribeOptions,
  type Subscription,
} from '@slipway/plugin-kit';
import { DurableReader } from './durable-reader.ts';
import { Journal, type Entry } from './journal.ts';
import { JsonLinesSubscription } from './json-lines-subscription.ts';
import { LogState, toEntry } from './log-state.ts';

export interface JsonLinesConfig {
  readonly fsync: boolean;
  readonly messageBytesMax: number;
  readonly bytesMax: number;
  readonly deduplicationWindowMs: number;
}

/** Lines after which the file is written anew, without what every durable has settled. */
const REWRITE_AFTER_LINES = 20_000;
/** Counting further than this costs more than the number is worth. */
const PENDING_SCAN_MAX = 10_000;

interface Prepared<T> {
  readonly entries: readonly Entry[];
  readonly result: T;
}

/** The event bus of one process: a log in one file, all of it in memory too. */
export class JsonLinesBus implements EventBus {
  readonly capabilities: EventBus['capabilities'];
  readonly #config: JsonLinesConfig;
  readonly #dependencies: DriverDependencies;
  readonly #state = new LogState();
  readonly #readers = new Map<string, DurableReader>();
  readonly #subscriptions = new Set<JsonLinesSubscription>();
  #journal: Journal | undefined;
  /** Ends when everything that was accepted is written or has failed. */
  #writes: Promise<unknown> = Promise.resolve();
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(config: JsonLinesConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    const { messageBytesMax, deduplicationWindowMs } = config;
    this.capabilities = Object.freeze({ messageBytesMax, deduplicationWindowMs });
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#journal) throw new FailedPreconditionError('the event bus is open already');
    const { dataDirectory, ids } = this.#dependencies;
    const { journal, entries } = await Journal.open(join(dataDirectory, 'events.jsonl'), this.#config.fsync);
    for (const entry of entries) this.#state.apply(entry);
    this.#journal = journal;
    if (this.#state.id === '') await this.#append({ type: 'log', id: ids.next(), last: 0 });
  }

  async publish(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (this.#isClosing) throw closedError();
    return this.#store(messages, signal);
  }

  /** Also while closing: a message that fails its last delivery then is still dead-lettered. */
  async #store(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    assertPublishable(messages, this.#config.messageBytesMax);
    if (signal.aborted) throw new UnavailableError('publishing was aborted', { cause: signal.reason });
    const receipts = await this.#write(async (journal) => {
      await this.#makeRoom(journal, messages);
      return this.#prepare(messages);
    });
    for (const subscription of this.#subscriptions) subscription.wake();
    return receipts;
  }

  #prepare(messages: readonly BusMessage[]): Prepared<PublishReceipt[]> {
    const at = this.#nowMs();
    const own = new Map<string, number>(); // of this call: nothing of it is in the state yet
    const entries: Entry[] = [];
    const result = messages.map((message): PublishReceipt => {
      const known = this.#state.withId(message.id);
      const isKnown = known !== undefined && known.at > at - this.#config.deduplicationWindowMs;
      const before = own.get(message.id) ?? (isKnown ? known.sequence : undefined);
      if (before !== undefined) return { id: message.id, sequence: BigInt(before), duplicate: true };
      const sequence = this.#state.last + own.size + 1;
      own.set(message.id, sequence);
      entries.push(toEntry({ ...message, sequence, at }));
      return { id: message.id, sequence: BigInt(sequence), duplicate: false };
    });
    return { entries, result };
  }

  async #makeRoom(journal: Journal, messages: readonly BusMessage[]): Promise<void> {
    const wanted = messages.reduce((sum, { data }) => sum + data.byteLength, 0);
    if (this.#state.bytes + wanted > this.#config.bytesMax) await this.#rewrite(journal);
    if (this.#state.bytes + wanted <= this.#config.bytesMax) return;
    // Refusing is better than forgetting: publishers keep their events and come again.
    const waiting = [...this.#state.durables].toSorted(([, left], [, right]) => left.floor - right.floor)[0];
    throw new UnavailableError(
      `the event log is full: ${waiting ? `durable '${waiting[0]}' is the furthest behind` : 'nobody reads it'}; raise bytesMax or let it catch up`,
      { reason: 'EVENT_LOG_FULL' },
    );
  }

  async subscribe(options: SubscribeOptions, handler: DeliveryHandler): Promise<Subscription> {
    assertSubscribeOptions(options);
    if (this.#isClosing) throw closedError();
    await this.#write(async () => this.#claim(options));
    const reader = this.#readers.get(options.durable) ?? new DurableReader(options.durable, this.#state);
    this.#readers.set(options.durable, reader);
    reader.subscriptions += 1;
    const { clock, log } = this.#dependencies;
    const subscription: JsonLinesSubscription = new JsonLinesSubscription({
      reader,
      options,
      handler,
      clock,
      log,
      append: (entry) => this.#append(entry),
      publish: async (message, signal) => void (await this.#store([message], signal)),
      pending: () => this.#pending(options.durable),
      onClosed: () => this.#release(subscription, reader),
    });
    this.#subscriptions.add(subscription);
    subscription.wake();
    return subscription;
  }

  #claim({ durable, subject, from }: SubscribeOptions): Prepared<void> {
    const found = this.#state.durables.get(durable);
    if (found?.subject === subject) return { entries: [], result: undefined };
    if (found) {
      throw new FailedPreconditionError(
        `durable '${durable}' was made for subject '${found.subject}', not '${subject}': its filter is fixed, use another durable`,
        { reason: 'EVENT_BUS_DURABLE_DIFFERS', facts: { durable, subject: found.subject } },
      );
    }
    const floor = from === 'now' ? this.#state.last : 0;
    return { entries: [{ type: 'durable', durable, subject, floor, handed: floor }], result: undefined };
  }

  #release(subscription: JsonLinesSubscription, reader: DurableReader): void {
    this.#subscriptions.delete(subscription);
    reader.subscriptions -= 1;
    if (reader.subscriptions === 0) this.#readers.delete(reader.durable);
    for (const other of this.#subscriptions) other.wake(); // one of the same durable takes over what was given back
  }

  async forget(durable: string): Promise<void> {
    if (this.#isClosing) throw closedError();
    await this.#write(async () => {
      if (this.#readers.has(durable)) {
        throw new FailedPreconditionError(`durable '${durable}' is subscribed to; drain its subscriptions first`, {
          reason: 'EVENT_BUS_DURABLE_IN_USE',
          facts: { durable },
        });
      }
      const isKnown = this.#state.durables.has(durable);
      return { entries: isKnown ? [{ type: 'forgotten', durable }] : [], result: undefined };
    });
  }

  async head(): Promise<BusHead> {
    if (this.#isClosing || !this.#journal) throw closedError();
    return { logId: this.#state.id, lastSequence: BigInt(this.#state.last) };
  }

  isHealthy(): boolean {
    return this.#journal !== undefined && !this.#isClosing && this.#journal.isHealthy;
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.drain()));
    await this.#writes.catch(() => undefined); // told to whoever asked for it
    await this.#journal?.close();
  }

  #append(entry: Entry): Promise<void> {
    return this.#write(async () => ({ entries: [entry], result: undefined }));
  }

  /** One after the other: prepares lines from the state, writes them, and only then lets the state follow. */
  #write<T>(prepare: (journal: Journal) => Promise<Prepared<T>>): Promise<T> {
    const journal = this.#journal;
    if (!journal) throw new FailedPreconditionError('the event bus is not open', { reason: 'EVENT_BUS_NOT_OPEN' });
    const written = this.#writes
      .catch(() => undefined) // the failure of another call
      .then(async () => {
        const { entries, result } = await prepare(journal);
        if (entries.length > 0) await journal.append(entries);
        for (const entry of entries) this.#state.apply(entry);
        if (journal.linesSinceRewrite > REWRITE_AFTER_LINES) await this.#rewrite(journal);
        return result;
      });
    this.#writes = written;
    return written;
  }

  async #rewrite(journal: Journal): Promise<void> {
    this.#state.dropSettled(this.#nowMs() - this.#config.deduplicationWindowMs);
    try {
      await journal.rewrite(this.#state.entries());
    } catch (error) {
      this.#dependencies.log.warn({ err: error }, 'the event log could not be written anew; the old file goes on');
    }
  }

  #pending(durable: string): bigint | undefined {
    const state = this.#state.durables.get(durable);
    if (!state || this.#state.last - state.floor > PENDING_SCAN_MAX) return undefined;
    this.#state.advance(state);
    let count = 0n;
    for (let sequence = state.floor + 1; sequence <= this.#state.last; sequence++) {
      if (this.#state.isWaiting(state, sequence)) count += 1n;
    }
    return count;
  }

  #nowMs(): number {
    return Number(this.#dependencies.clock.now() / 1000n);
  }
}

const closedError = (): UnavailableError =>
  new UnavailableError('the event bus is closed', { reason: 'EVENT_BUS_CLOSED' });
