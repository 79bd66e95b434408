import { join } from 'node:path';
import { FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import {
  assertPublishable,
  assertSubscribeOptions,
  type BusHead,
  type BusMessage,
  type DeliveryHandler,
  type DriverDependencies,
  type EventBus,
  type PublishReceipt,
  type SubscribeOptions,
  type Subscription,
} from '@slipway/plugin-kit';
import type { SqliteEventBusConfig } from './config.ts';
import { DurableTable } from './durable-table.ts';
import { Durable } from './durable.ts';
import { EventLog } from './event-log.ts';
import { Retention } from './retention.ts';
import { SqliteSubscription } from './sqlite-subscription.ts';
import { WriteQueue } from './write-queue.ts';

/** Messages of one call that go into one step of a transaction; a longer call becomes several, in order. */
const STEP_MESSAGES = 512;

interface Opened {
  readonly log: EventLog;
  readonly table: DurableTable;
  readonly writes: WriteQueue;
  readonly retention: Retention;
}

interface SharedDurable {
  readonly durable: Durable;
  subscriptions: number;
}

/** The event bus inside the process: a log in one SQLite file that belongs to this process alone. */
export class SqliteEventBus implements EventBus {
  readonly capabilities: EventBus['capabilities'];
  readonly #config: SqliteEventBusConfig;
  readonly #dependencies: DriverDependencies;
  readonly #subscriptions = new Set<SqliteSubscription>();
  readonly #durables = new Map<string, SharedDurable>();
  readonly #closing = new AbortController();
  #opened: Opened | undefined;
  #lastStored = 0;
  #maintenance: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(config: SqliteEventBusConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.capabilities = Object.freeze({
      messageBytesMax: config.messageBytesMax,
      deduplicationWindowMs: config.deduplicationWindowMs,
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#opened) throw new FailedPreconditionError('the event bus is open already');
    const { clock, ids, dataDirectory, log: logger } = this.#dependencies;
    const path = join(dataDirectory, this.#config.fileName);
    const log = EventLog.open(path, this.#config.durability, () => ids.next());
    const table = new DurableTable(log);
    const writes = new WriteQueue(log, () => clock.monotonicMs());
    this.#opened = { log, table, writes, retention: new Retention(log, table, this.#config, logger) };
    this.#lastStored = log.bounds().last;
    this.#maintenance = this.#maintain(this.#opened);
  }

  async publish(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (this.#closing.signal.aborted) throw closedError();
    return this.#store(messages, signal);
  }

  /** Also while closing: a message that fails its last delivery then is still dead-lettered. */
  async #store(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    const { log, writes } = this.#use();
    assertPublishable(messages, this.#config.messageBytesMax);
    if (signal.aborted) throw new UnavailableError('publishing was aborted', { cause: signal.reason });
    const steps: Promise<PublishReceipt[]>[] = [];
    for (let from = 0; from < messages.length; from += STEP_MESSAGES) {
      const part = messages.slice(from, from + STEP_MESSAGES);
      steps.push(this.#storePart(log, writes, part));
    }
    return (await Promise.all(steps)).flat();
  }

  async #storePart(log: EventLog, writes: WriteQueue, part: readonly BusMessage[]): Promise<PublishReceipt[]> {
    const receipts = await writes.submit(() => this.#append(log, part));
    this.#stored(receipts);
    return receipts;
  }

  #append(log: EventLog, messages: readonly BusMessage[]): PublishReceipt[] {
    const nowMs = this.#nowMs();
    return messages.map((message) => {
      const { sequence, duplicate } = log.append(message, nowMs, this.#config.deduplicationWindowMs);
      return { id: message.id, sequence: BigInt(sequence), duplicate };
    });
  }

  /** Called after the commit: subscribers are woken at once, the polling of the maintenance is only a safety net. */
  #stored(receipts: readonly PublishReceipt[]): void {
    const newest = Number(receipts.findLast((receipt) => !receipt.duplicate)?.sequence ?? 0n);
    if (newest <= this.#lastStored) return;
    this.#lastStored = newest;
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  async subscribe(options: SubscribeOptions, handler: DeliveryHandler): Promise<Subscription> {
    assertSubscribeOptions(options);
    if (this.#closing.signal.aborted) throw closedError();
    const shared = this.#share(options);
    shared.subscriptions += 1;
    const subscription: SqliteSubscription = new SqliteSubscription({
      durable: shared.durable,
      options,
      handler,
      clock: this.#dependencies.clock,
      log: this.#dependencies.log,
      publish: (messages, signal) => this.#store(messages, signal),
      onClosed: () => this.#release(subscription, shared),
    });
    this.#subscriptions.add(subscription);
    subscription.wake();
    return subscription;
  }

  #share(options: SubscribeOptions): SharedDurable {
    const { log, table, writes } = this.#use();
    const known = this.#durables.get(options.durable);
    if (known && known.durable.subject === options.subject) return known;
    const parts = { log, table, writes, lastStored: () => this.#lastStored };
    const shared = { durable: new Durable(parts, options), subscriptions: 0 }; // refuses another filter
    this.#durables.set(options.durable, shared);
    return shared;
  }

  #release(subscription: SqliteSubscription, shared: SharedDurable): void {
    this.#subscriptions.delete(subscription);
    shared.subscriptions -= 1;
    if (shared.subscriptions === 0) this.#durables.delete(shared.durable.name);
    for (const other of this.#subscriptions) other.wake(); // one of the same durable takes over what was given back
  }

  async forget(durable: string): Promise<void> {
    if (this.#closing.signal.aborted) throw closedError();
    const { table, writes } = this.#use();
    await writes.submit(() => table.forget(durable));
  }

  async head(): Promise<BusHead> {
    if (this.#closing.signal.aborted) throw closedError();
    const { log } = this.#use();
    return { logId: log.id, lastSequence: BigInt(log.bounds().last) };
  }

  isHealthy(): boolean {
    return this.#opened !== undefined && !this.#closing.signal.aborted && !this.#opened.writes.isFailing;
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.drain()));
    await this.#maintenance;
    if (!this.#opened) return;
    await this.#opened.writes.submit(() => undefined); // after everything that was accepted before
    this.#opened.log.close();
  }

  async #maintain({ retention }: Opened): Promise<void> {
    const { clock, log } = this.#dependencies;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await clock.sleep(this.#config.maintenanceMs, signal);
        for (const { durable } of this.#durables.values()) await durable.persistFloor();
        await retention.run(this.#nowMs(), signal);
        for (const subscription of this.#subscriptions) subscription.wake();
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'maintenance of the event log failed; it is repeated');
      }
    }
  }

  #nowMs(): number {
    return Number(this.#dependencies.clock.now() / 1000n);
  }

  #use(): Opened {
    if (!this.#opened) throw new FailedPreconditionError('the event bus is not open', { reason: 'EVENT_BUS_NOT_OPEN' });
    return this.#opened;
  }
}

const closedError = (): UnavailableError =>
  new UnavailableError('the event bus is closed', { reason: 'EVENT_BUS_CLOSED' });
