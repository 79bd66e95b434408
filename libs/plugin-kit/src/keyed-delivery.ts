import { UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import type { BusMessage, Delivery, DeliveryHandler, SubscribeOptions } from './event-bus.ts';
import { Deadlines } from './keyed-delivery-deadlines.ts';

/** One message in the hands of a subscriber, from the moment the driver took it until it is settled or given back. */
export interface HeldMessage {
  readonly message: BusMessage & Pick<Delivery, 'sequence' | 'storedAtMs'>;
  /** Failed deliveries recorded before this subscriber took it. */
  readonly failures: number;
  /** It was handed out before and nobody knows what became of it: its next delivery is recorded before the handler starts, so that a message that ends the process is dead-lettered in the end. */
  readonly redelivered: boolean;
}

/** What the driver does for the dispatcher. */
export interface DeliverySettlement<Held extends HeldMessage> {
  /** Resolves when the acknowledgement is durable. A rejection is repeated after a wait. */
  acknowledge(held: Held): Promise<void>;
  /** Resolves when the count survives a restart. A rejection is logged: the count in memory stays right. */
  recordFailures(held: Held, failures: number): Promise<void>;
  /** Resolves when it is stored. A rejection is repeated after a wait. */
  publishDeadLetter(message: BusMessage, signal: AbortSignal): Promise<void>;
  /** Called every third of the ack wait for everything held. */
  extend(held: readonly Held[]): void;
  /** A message left; `room` is greater than it was. */
  roomFreed(): void;
}

export interface KeyedDeliveryOptions<Held extends HeldMessage> {
  readonly subscription: SubscribeOptions;
  readonly handler: DeliveryHandler;
  readonly settlement: DeliverySettlement<Held>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface KeyedDeliveryCounts {
  readonly inFlight: number;
  readonly delivered: bigint;
  readonly redelivered: bigint;
  readonly deadLettered: bigint;
}

interface Failure {
  readonly error: unknown;
}

const SETTLE_RETRY_MS = [50, 200, 1_000, 5_000] as const;

/** The handler did not settle within `handlerTimeoutMs`; also the reason of its signal. */
export class HandlerTimeoutError extends UnavailableError {
  constructor(timeoutMs: number) {
    super(`the handler did not settle within ${timeoutMs} ms`, { reason: 'EVENT_BUS_HANDLER_TIMEOUT' });
  }
}

/**
 * Hands messages to one handler in lanes, one lane per key: the head of a lane is delivered, repeated after its backoff and at last
 * dead-lettered before the next message of that lane begins; lanes do not wait for each other. The driver offers messages in the order of the log.
 *
 * A handler that ignores its signal may still run when its message is delivered again.
 */
export class KeyedDelivery<Held extends HeldMessage> {
  readonly #subscription: SubscribeOptions;
  readonly #handler: DeliveryHandler;
  readonly #settlement: DeliverySettlement<Held>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lanes = new Map<string, Held[]>();
  readonly #held = new Set<Held>();
  readonly #draining = new AbortController();
  readonly #ended = new AbortController();
  readonly #deadlines: Deadlines;
  #drained: Promise<readonly Held[]> | undefined;
  #lanesIdle: (() => void) | undefined;
  #delivered = 0n;
  #redelivered = 0n;
  #deadLettered = 0n;

  constructor(options: KeyedDeliveryOptions<Held>) {
    this.#subscription = options.subscription;
    this.#handler = options.handler;
    this.#settlement = options.settlement;
    this.#clock = options.clock;
    this.#log = options.log.child({ durable: options.subscription.durable });
    this.#deadlines = new Deadlines(options.clock, options.subscription.handlerTimeoutMs, this.#ended.signal);
    void this.#heartbeat();
  }

  /** How many more messages may be offered now; 0 from the first call of `drain` on. */
  get room(): number {
    return this.#draining.signal.aborted ? 0 : this.#subscription.inFlightMax - this.#held.size;
  }

  get held(): ReadonlySet<Held> {
    return this.#held;
  }

  get counts(): KeyedDeliveryCounts {
    return {
      inFlight: this.#held.size,
      delivered: this.#delivered,
      redelivered: this.#redelivered,
      deadLettered: this.#deadLettered,
    };
  }

  /** Takes a message that is not held yet. Only while `room` is positive. */
  offer(held: Held): void {
    if (this.room <= 0) throw new RangeError('offered more messages than there is room for');
    this.#held.add(held);
    const { key } = held.message;
    const lane = this.#lanes.get(key);
    if (lane) return void lane.push(held);
    const opened = [held];
    this.#lanes.set(key, opened);
    void this.#runLane(key, opened);
  }

  /**
   * Starts no more handlers; resolves when the running ones have settled and what they achieved is durable.
   * @returns the messages that were held and are not settled, in the order they were offered: the driver gives them back.
   */
  drain(): Promise<readonly Held[]> {
    this.#drained ??= this.#drainOnce();
    return this.#drained;
  }

  async #drainOnce(): Promise<readonly Held[]> {
    this.#draining.abort();
    if (this.#lanes.size > 0) {
      await new Promise<void>((resolve) => {
        this.#lanesIdle = resolve;
      });
    }
    this.#ended.abort();
    return [...this.#held];
  }

  async #runLane(key: string, lane: Held[]): Promise<void> {
    for (let head = lane[0]; head !== undefined; head = lane[0]) {
      const run = this.#nextRun(lane);
      if (run.length > 1 && (await this.#settleRun(lane, run))) continue;
      [head] = lane; // after a failed run the one that failed
      if (head === undefined) break;
      const settled = await this.#settle(head);
      if (!settled) break; // draining: the rest of the lane is given back unsettled
      this.#release(lane, head);
    }
    this.#lanes.delete(key);
    if (this.#lanes.size === 0) this.#lanesIdle?.();
  }

  #release(lane: Held[], settled: Held): void {
    lane.splice(lane.indexOf(settled), 1);
    this.#held.delete(settled);
    this.#settlement.roomFreed();
  }

  /**
   * Several messages of the lane that are handed over at once, where the subscriber asks for that. Those that may have ended a process before
   * go alone.
   */
  #nextRun(lane: readonly Held[]): readonly Held[] {
    const { keyRunMax = 1 } = this.#subscription;
    if (keyRunMax === 1 || this.#draining.signal.aborted) return [];
    const run = lane.slice(0, keyRunMax);
    const doubtful = run.findIndex(({ redelivered, failures }) => redelivered || failures > 0);
    return doubtful < 0 ? run : run.slice(0, doubtful);
  }

  /** @returns true when all of the run is acknowledged. After a failure the head of the lane has to go alone: only that counts its failures. */
  async #settleRun(lane: Held[], run: readonly Held[]): Promise<boolean> {
    const failures = await Promise.all(run.map((held) => this.#attempt(held, 1)));
    const settled = await Promise.all(
      run.map(async (held, at) => {
        const failure = failures[at];
        if (failure) this.#logFailure(held, 0, failure);
        return !failure && (await this.#persist('acknowledge', () => this.#settlement.acknowledge(held)));
      }),
    );
    for (const [at, held] of run.entries()) if (settled[at]) this.#release(lane, held);
    return settled.every(Boolean);
  }

  /** True when the message is acknowledged; false when draining came first. */
  async #settle(held: Held): Promise<boolean> {
    const { deliveriesMax } = this.#subscription;
    let failures = held.failures;
    let last: Failure | undefined;
    while (failures < deliveriesMax) {
      if (this.#draining.signal.aborted) return false;
      if (held.redelivered) await this.#record(held, failures + 1);
      const failure = await this.#attempt(held, failures + 1);
      if (!failure) return this.#persist('acknowledge', () => this.#settlement.acknowledge(held));
      last = failure;
      failures += 1;
      this.#logFailure(held, failures, failure);
      if (!held.redelivered) await this.#record(held, failures);
      if (failures < deliveriesMax && !(await this.#pause(this.#backoff(failures)))) return false;
    }
    return this.#deadLetter({ ...held.message, attempt: failures }, held, last);
  }

  async #attempt(held: Held, attempt: number): Promise<Failure | undefined> {
    this.#delivered += 1n;
    if (attempt > 1 || held.redelivered) this.#redelivered += 1n;
    const abort = new AbortController();
    const timeout = Promise.withResolvers<Failure>();
    const expire = (): void => {
      const error = new HandlerTimeoutError(this.#subscription.handlerTimeoutMs);
      timeout.resolve({ error }); // first, so that an abort-aware handler does not win with a less telling error
      abort.abort(error);
    };
    this.#deadlines.add(expire);
    try {
      return await Promise.race([this.#run({ ...held.message, attempt }, abort.signal), timeout.promise]);
    } finally {
      this.#deadlines.remove(expire);
    }
  }

  async #run(delivery: Delivery, signal: AbortSignal): Promise<Failure | undefined> {
    try {
      await this.#handler(delivery, signal);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #deadLetter(delivery: Delivery, held: Held, last: Failure | undefined): Promise<boolean> {
    const error = last ? last.error : new UnavailableError('its last delivery failed before a restart');
    const done = await this.#persist('dead-letter', async () => {
      const letter = this.#subscription.deadLetter(delivery, error);
      await this.#settlement.publishDeadLetter(letter, this.#ended.signal);
      await this.#settlement.acknowledge(held);
    });
    if (done) this.#deadLettered += 1n;
    return done;
  }

  /** Repeats until it succeeds; once draining has begun there is one last try. */
  async #persist(what: string, step: () => Promise<void>): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      const isLast = this.#draining.signal.aborted;
      try {
        await step();
        return true;
      } catch (error) {
        this.#log.warn({ err: error, what, attempt: attempt + 1 }, 'a message could not be settled yet');
      }
      if (isLast) return false;
      await this.#pause(SETTLE_RETRY_MS[Math.min(attempt, SETTLE_RETRY_MS.length - 1)] ?? 0);
    }
  }

  async #record(held: Held, failures: number): Promise<void> {
    try {
      await this.#settlement.recordFailures(held, failures);
    } catch (error) {
      this.#log.warn({ err: error, failures }, 'a failed delivery was not recorded; a restart would not count it');
    }
  }

  #backoff(failures: number): number {
    const { backoffMs } = this.#subscription;
    return backoffMs[Math.min(failures, backoffMs.length) - 1] ?? 0;
  }

  /** False when draining ended the wait. */
  async #pause(ms: number): Promise<boolean> {
    try {
      if (ms > 0) await this.#clock.sleep(ms, this.#draining.signal);
    } catch {
      return false; // only the signal ends a sleep early
    }
    return !this.#draining.signal.aborted;
  }

  async #heartbeat(): Promise<void> {
    try {
      for (;;) {
        await this.#clock.sleep(this.#subscription.ackWaitMs / 3, this.#ended.signal);
        if (this.#held.size > 0) this.#settlement.extend([...this.#held]);
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#log.error({ err: error }, 'extending the ack wait ended');
    }
  }

  #logFailure(held: Held, attempt: number, failure: Failure): void {
    const { subject, id, sequence } = held.message;
    this.#log.warn({ err: failure.error, subject, id, sequence: `${sequence}`, attempt }, 'a delivery failed');
  }
}
