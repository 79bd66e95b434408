import { FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import {
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
import { BrokerConnection } from './broker-connection.ts';
import type { NatsEventBusConfig } from './config.ts';
import { fromNatsError, isMissing } from './nats-errors.ts';
import { NatsSubscription } from './nats-subscription.ts';
import { Publisher } from './publisher.ts';
import { ensureStreams } from './stream.ts';

interface Opened {
  readonly broker: BrokerConnection;
  readonly publisher: Publisher;
}

/** The event bus on one JetStream stream. */
export class NatsEventBus implements EventBus {
  readonly capabilities: EventBus['capabilities'];
  readonly #config: NatsEventBusConfig;
  readonly #dependencies: DriverDependencies;
  readonly #subscriptions = new Set<NatsSubscription>();
  #opened: Opened | undefined;
  #ensuring: Promise<string> | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(config: NatsEventBusConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.capabilities = Object.freeze({
      messageBytesMax: config.messageBytesMax,
      deduplicationWindowMs: config.deduplicationWindowMs,
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    if (this.#opened) throw new FailedPreconditionError('the event bus is open already');
    const { clock, log } = this.#dependencies;
    const broker = await BrokerConnection.open(this.#config, clock, log, signal);
    try {
      await ensureStreams(broker.manager, this.#config);
    } catch (error) {
      await broker.close();
      throw error;
    }
    const publisher = new Publisher(broker, this.#config, () => this.#repairStream());
    this.#opened = { broker, publisher };
    const { version = 'unknown', cluster } = broker.connection.info ?? {};
    log.info({ version, cluster, stream: this.#config.stream }, 'connected to NATS JetStream');
  }

  async publish(messages: readonly BusMessage[], signal: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (this.#isClosing) throw closedError();
    return this.#use().publisher.publish(messages, signal);
  }

  async subscribe(options: SubscribeOptions, handler: DeliveryHandler): Promise<Subscription> {
    assertSubscribeOptions(options);
    if (this.#isClosing) throw closedError();
    const { broker, publisher } = this.#use();
    const subscription: NatsSubscription = new NatsSubscription({
      broker,
      config: this.#config,
      options,
      handler,
      clock: this.#dependencies.clock,
      log: this.#dependencies.log,
      publish: (messages, signal) => publisher.publish(messages, signal), // also while closing: for dead letters
      ensureStream: () => this.#ensureStream(),
      onClosed: () => void this.#subscriptions.delete(subscription),
    });
    try {
      await subscription.start();
    } catch (error) {
      throw fromNatsError(error, `subscribing ${options.durable}`);
    }
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async forget(durable: string): Promise<void> {
    if (this.#isClosing) throw closedError();
    try {
      await this.#use().broker.manager.consumers.delete(this.#config.stream, durable);
    } catch (error) {
      if (!isMissing(error, 'either')) throw fromNatsError(error, `forgetting durable ${durable}`);
    }
  }

  async head(): Promise<BusHead> {
    if (this.#isClosing) throw closedError();
    try {
      const { created, state } = await this.#use().broker.manager.streams.info(this.#config.stream);
      return { logId: created, lastSequence: BigInt(state.last_seq) };
    } catch (error) {
      throw fromNatsError(error, 'asking for the end of the log');
    }
  }

  isHealthy(): boolean {
    return !this.#isClosing && this.#opened?.broker.isConnected === true;
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.drain()));
    await this.#opened?.broker.close();
  }

  /** Callers at the same time share one check. */
  #ensureStream(): Promise<string> {
    this.#ensuring ??= ensureStreams(this.#use().broker.manager, this.#config).finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  #repairStream(): void {
    this.#ensureStream().catch((error: unknown) => {
      this.#dependencies.log.warn({ err: error, stream: this.#config.stream }, 'the stream is not available');
    });
  }

  #use(): Opened {
    if (!this.#opened) throw new FailedPreconditionError('the event bus is not open', { reason: 'EVENT_BUS_NOT_OPEN' });
    return this.#opened;
  }
}

const closedError = (): UnavailableError =>
  new UnavailableError('the event bus is closed', { reason: 'EVENT_BUS_CLOSED' });
