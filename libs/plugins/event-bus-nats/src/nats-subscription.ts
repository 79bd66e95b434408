import type { ConsumerInfo, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Clock, Logger } from '@slipway/kernel';
import {
  KeyedDelivery,
  type BusMessage,
  type DeliveryHandler,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStatus,
} from '@slipway/plugin-kit';
import { Acknowledgements } from './acknowledgements.ts';
import type { BrokerConnection } from './broker-connection.ts';
import type { NatsEventBusConfig } from './config.ts';
import { ensureConsumer } from './durable-consumer.ts';
import { FailureCounts } from './failure-counts.ts';
import { HeldMessages, replyOf, type NatsHeld } from './held-messages.ts';
import { fromStored } from './message-codec.ts';
import { isMissing } from './nats-errors.ts';
import { Recovery } from './recovery.ts';

/** Messages asked for at a time. */
const PULL_MAX = 512;
const PULL_EXPIRES_MS = 10_000;
/** Also how soon the server notices that the one who asked is gone, which has to be before any ack wait is over: see `#giveBack`. */
const PULL_HEARTBEAT_MS = 500;
const SESSION_RETRY_MS = [50, 200, 1_000, 5_000] as const;
/** The broker looks for expired ack waits within this time. */
const REDELIVERY_SLACK_MS = 1_000;

export interface NatsSubscriptionParts {
  readonly broker: BrokerConnection;
  readonly config: NatsEventBusConfig;
  readonly options: SubscribeOptions;
  readonly handler: DeliveryHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (messages: readonly BusMessage[], signal: AbortSignal) => Promise<unknown>;
  /** Makes the stream when it is missing; resolves to the time it was made. */
  readonly ensureStream: () => Promise<string>;
  readonly onClosed: () => void;
}

/**
 * Moves messages of one durable from the broker to the handler, in sessions: a session ends when the connection is lost, the consumer or
 * the stream is gone or nothing comes although something waits; the next one begins where the broker's record and ours agree.
 */
export class NatsSubscription implements Subscription {
  readonly #parts: NatsSubscriptionParts;
  readonly #log: Logger;
  readonly #delivery: KeyedDelivery<NatsHeld>;
  readonly #acknowledgements: Acknowledgements;
  readonly #failures: FailureCounts;
  readonly #held = new HeldMessages();
  readonly #stopping = new AbortController();
  #state: SubscriptionStatus['state'] = 'active';
  #messages: ConsumerMessages | undefined;
  #recovery: Recovery | undefined;
  /** Received, in order, and waiting for room. */
  #queue: NatsHeld[] = [];
  #dispatched = Promise.withResolvers<void>();
  #lastDeliveryMs: number;
  /** The broker's own floor, as last read: where a consumer that vanished is made again. */
  #acknowledgedUpTo: number | undefined;
  #pending: bigint | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #drained: Promise<void> | undefined;

  constructor(parts: NatsSubscriptionParts) {
    const { broker, config, options, handler, clock } = parts;
    this.#parts = parts;
    this.#log = parts.log.child({ durable: options.durable });
    this.#lastDeliveryMs = clock.monotonicMs();
    this.#acknowledgements = new Acknowledgements(broker, config.publishTimeoutMs, (held) => this.#held.settle(held));
    this.#failures = new FailureCounts(broker, config, options.durable);
    this.#delivery = new KeyedDelivery<NatsHeld>({
      subscription: options,
      handler,
      clock,
      log: parts.log,
      settlement: {
        acknowledge: (held) => this.#acknowledge(held),
        recordFailures: async (held, failures) => {
          held.hasFailed = true;
          await this.#failures.record(BigInt(held.sequence), held.message.id, failures);
        },
        publishDeadLetter: async (message, signal) => void (await parts.publish([message], signal)),
        extend: (held) => this.#acknowledgements.extend(held.filter(({ epoch }) => epoch === this.#held.epoch)),
        roomFreed: () => this.#dispatch(),
      },
    });
  }

  /** Makes or checks the durable, then begins. @throws {DomainError} when the durable cannot be had. */
  async start(): Promise<void> {
    const { broker, config, options, ensureStream } = this.#parts;
    this.#held.enter(await ensureStream());
    const first = await ensureConsumer(broker, config, options, {});
    this.#running = Promise.all([this.#run(first), this.#watch(), this.#extendUndispatched()]);
  }

  status(): SubscriptionStatus {
    return { state: this.#state, ...this.#delivery.counts, pending: this.#pending };
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drainOnce();
    return this.#drained;
  }

  async #drainOnce(): Promise<void> {
    this.#state = 'draining';
    this.#stopping.abort();
    this.#dispatched.resolve();
    this.#messages?.stop();
    const unsettled = await this.#delivery.drain();
    await this.#running;
    const unfinished = [...unsettled, ...this.#undispatched()];
    await this.#giveBack(unfinished.filter(({ epoch }) => epoch === this.#held.epoch));
    this.#state = 'closed';
    this.#parts.onClosed();
  }

  async #giveBack(held: readonly NatsHeld[]): Promise<void> {
    const { broker, config, options } = this.#parts;
    if (held.length === 0 || !broker.isConnected) return;
    try {
      // Servers of 2.9 move a consumer back by one when they have something to redeliver and only pull requests that nobody
      // waits for any more. Asking for the state makes the server drop those first.
      await broker.manager.consumers.info(config.stream, options.durable);
      this.#acknowledgements.giveBack(held);
      await broker.connection.flush();
    } catch (error) {
      this.#log.debug({ err: error }, 'messages in hand were not given back; they come again after their ack wait');
    }
  }

  async #run(first: Awaited<ReturnType<typeof ensureConsumer>>): Promise<void> {
    const { broker, clock } = this.#parts;
    const { signal } = this.#stopping;
    let prepared: typeof first | undefined = first;
    for (let failed = 0; !signal.aborted;) {
      try {
        await broker.untilConnected(signal);
        await this.#session(prepared ?? (await this.#prepare()));
        failed = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ err: error }, 'a session with the broker ended; beginning another');
        await clock.sleep(SESSION_RETRY_MS[Math.min(failed++, 3)] ?? 0, signal).catch(() => undefined); // drained meanwhile
      }
      prepared = undefined;
      if (!signal.aborted && this.#state !== 'stalled') this.#state = 'reconnecting';
    }
  }

  /** The consumer as it is now, made again from the last known position when it is gone. */
  async #prepare(): ReturnType<typeof ensureConsumer> {
    const { broker, config, options, ensureStream } = this.#parts;
    const isOtherStream = this.#held.enter(await ensureStream());
    if (isOtherStream) {
      this.#log.error(
        { stream: config.stream },
        'the stream was lost and is made again; reading it from the beginning',
      );
      this.#acknowledgedUpTo = 0;
    }
    const after = this.#acknowledgedUpTo;
    return this.#acknowledgements.whileQuiet(async () => {
      const prepared = await ensureConsumer(broker, config, options, after === undefined ? {} : { after });
      const { info } = prepared;
      if (this.#missing(info) <= 0) return prepared;
      // A broker that was killed comes back with a record of acknowledgements that is some time old.
      const settled = this.#held.settledBetween(info.ack_floor.stream_seq, info.delivered.stream_seq);
      await this.#acknowledgements.repeatAll(settled);
      return { ...prepared, info: await broker.manager.consumers.info(config.stream, options.durable) };
    });
  }

  /** How many messages the broker handed out, waits for, and are not in hand. */
  #missing(info: ConsumerInfo): number {
    return info.num_ack_pending - this.#held.countUpTo(info.delivered.stream_seq);
  }

  async #session({ info, ackWaitMsBefore }: Awaited<ReturnType<typeof ensureConsumer>>): Promise<void> {
    const { broker, options, clock } = this.#parts;
    this.#note(info);
    this.#beginRecovery(info, Math.max(ackWaitMsBefore, options.ackWaitMs));
    const consumer = broker.client.consumers.getConsumerFromInfo(info);
    const messages = await consumer.consume({
      max_messages: Math.min(options.inFlightMax, PULL_MAX),
      expires: PULL_EXPIRES_MS,
      idle_heartbeat: PULL_HEARTBEAT_MS,
      abort_on_missing_resource: true,
    });
    const stopListening = broker.onChange((isConnected) => {
      if (isConnected) return;
      this.#acknowledgements.connectionLost();
      messages.stop(); // the client would go on by itself, past what was lost on the way
    });
    this.#messages = messages;
    if (this.#stopping.signal.aborted || !broker.isConnected) messages.stop();
    this.#lastDeliveryMs = clock.monotonicMs();
    if (this.#state === 'reconnecting') this.#state = 'active';
    try {
      for await (const stored of messages) await this.#receive(stored);
    } finally {
      stopListening();
      messages.stop();
    }
  }

  #beginRecovery(info: ConsumerInfo, ackWaitMs: number): void {
    const lastBefore = info.delivered.stream_seq;
    const missing = this.#missing(info);
    const earlier = this.#recovery?.inOrder() ?? [];
    const deadline = this.#parts.clock.monotonicMs() + ackWaitMs + REDELIVERY_SLACK_MS;
    this.#recovery = new Recovery(lastBefore, missing, deadline);
    for (const held of earlier) this.#recovery.addCollected(held);
    if (missing > 0) this.#log.info({ missing, lastBefore }, 'waiting for messages that were handed out before');
    this.#finishRecovery();
  }

  async #receive(stored: JsMsg): Promise<void> {
    const { seq } = stored;
    this.#lastDeliveryMs = this.#parts.clock.monotonicMs();
    if (this.#state === 'stalled') this.#state = 'active';
    if (this.#held.isSettled(seq)) {
      this.#acknowledgements.repeat(replyOf(stored));
      this.#recovery?.noteSettled(seq);
      return this.#finishRecovery();
    }
    const known = this.#held.get(seq);
    if (known) {
      known.reply = replyOf(stored);
      return;
    }
    const held = await this.#hold(stored);
    if (this.#recovery) {
      this.#recovery.add(held);
      this.#finishRecovery();
    } else {
      this.#queue.push(held);
      this.#dispatch();
    }
    // The broker's own bound keeps to `inFlightMax`; only after a lost consumer more than that may come.
    while (this.#queue.length >= this.#parts.options.inFlightMax && !this.#stopping.signal.aborted) {
      await this.#dispatched.promise;
    }
  }

  async #hold(stored: JsMsg): Promise<NatsHeld> {
    const message = fromStored(stored);
    const redelivered = stored.info.deliveryCount > 1;
    const failures = redelivered ? await this.#failures.read(message.sequence, message.id) : 0;
    const place = { sequence: stored.seq, epoch: this.#held.epoch, reply: replyOf(stored) };
    const held: NatsHeld = { ...place, message, redelivered, failures, hasFailed: failures > 0 };
    this.#held.take(held);
    return held;
  }

  #finishRecovery(): void {
    const recovery = this.#recovery;
    if (!recovery?.isComplete(this.#parts.clock.monotonicMs())) return;
    this.#recovery = undefined;
    if (recovery.missing > 0) {
      this.#log.warn({ missing: recovery.missing }, 'some messages handed out before did not come; going on without');
    }
    this.#queue.push(...recovery.inOrder());
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#delivery.room > 0) {
      const next = this.#queue.shift();
      if (!next) break;
      this.#delivery.offer(next);
    }
    this.#dispatched.resolve();
    this.#dispatched = Promise.withResolvers<void>();
  }

  /** In hand and unknown to the dispatcher. */
  #undispatched(): NatsHeld[] {
    return [...this.#queue, ...(this.#recovery?.inOrder() ?? [])];
  }

  async #acknowledge(held: NatsHeld): Promise<void> {
    // The stream it came from is gone: its sequence now names another message, which nobody has handled.
    if (held.epoch !== this.#held.epoch) return this.#acknowledgements.forget(held);
    await this.#acknowledgements.acknowledge(held);
    if (!held.hasFailed) return;
    await this.#failures.forget(BigInt(held.sequence)).catch((error: unknown) => {
      // It only takes space until its age ends it: the message is acknowledged and never looked up again.
      this.#log.debug({ err: error }, 'a count of failed deliveries was not deleted');
    });
  }

  /** The dispatcher extends only what it was offered. */
  async #extendUndispatched(): Promise<void> {
    const { signal } = this.#stopping;
    const everyMs = Math.min(this.#parts.options.ackWaitMs / 3, REDELIVERY_SLACK_MS);
    while (!signal.aborted) {
      await this.#parts.clock.sleep(everyMs, signal).catch(() => undefined); // drained: the loop ends
      if (signal.aborted) return;
      this.#acknowledgements.extend(this.#undispatched());
      this.#finishRecovery();
    }
  }

  async #watch(): Promise<void> {
    const { clock, config } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(config.watchdogMs / 4, signal).catch(() => undefined); // drained: the loop ends
      if (!signal.aborted && this.#parts.broker.isConnected) await this.#inspect();
    }
  }

  async #inspect(): Promise<void> {
    const { broker, config, options, clock } = this.#parts;
    try {
      const info = await broker.manager.consumers.info(config.stream, options.durable);
      this.#note(info);
      const silentMs = clock.monotonicMs() - this.#lastDeliveryMs;
      const isIdle = this.#delivery.counts.inFlight === 0 && !this.#recovery;
      if (info.num_pending === 0 || !isIdle || silentMs < config.watchdogMs) return;
      this.#log.error({ pending: info.num_pending, silentMs }, 'messages wait and none comes; subscribing again');
      if (!this.#stopping.signal.aborted) this.#state = 'stalled';
      this.#messages?.stop();
    } catch (error) {
      if (isMissing(error, 'either')) return this.#messages?.stop();
      this.#log.debug({ err: error }, 'the consumer could not be inspected; asked again soon');
    }
  }

  #note(info: ConsumerInfo): void {
    this.#acknowledgedUpTo = Math.max(this.#acknowledgedUpTo ?? 0, info.ack_floor.stream_seq);
    this.#pending = BigInt(info.num_pending) + BigInt(info.num_ack_pending);
  }
}
