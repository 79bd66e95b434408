import { createHash } from 'node:crypto';
import {
  decodePayload,
  deliveryDead,
  parseCloudEvent,
  recordEvent,
  subjectFilter,
  toBusMessage,
  type CloudEvent,
} from '@slipway/contracts';
import {
  DomainError,
  type Caller,
  type Clock,
  type Component,
  type EventDefinition,
  type Logger,
} from '@slipway/kernel';
import type {
  BusMessage,
  Delivery,
  EventBus,
  SubscribeOptions,
  Subscription,
  SubscriptionStatus,
} from '@slipway/plugin-kit';
import type { Transaction, UnitOfWork } from '../unit-of-work/transaction.ts';

/** What a handler may use besides the event. */
export interface EventContext {
  /** The consuming service, in the workspace of the event. */
  readonly caller: Caller;
  /** 1 for the first delivery. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Trace context of the call that caused the event, to be continued. */
  readonly traceparent?: string;
  /**
   * One transaction in which the event is noted in the inbox: `effect` runs unless this consumer committed it before, so its effect on the
   * database happens exactly once. Effects elsewhere must be idempotent. @returns false when the event was acted on before.
   */
  once(effect: (tx: Transaction) => Promise<void>): Promise<boolean>;
}

/** Resolves when the effect is durable. A rejection is a failed delivery and is repeated. */
export type EventHandler<Payload> = (
  payload: Required<Payload>,
  envelope: CloudEvent,
  context: EventContext,
) => Promise<void>;

export interface EventConsumerOptions<Payload extends object> {
  readonly bus: EventBus;
  /** Name of the durable and of the consumer in the inbox. Never changed: a new name begins anew. */
  readonly durable: string;
  readonly definition: EventDefinition<Payload>;
  /**
   * Reads the payload out of the data of an event, which is JSON that was parsed; by default through its message. For events so large that two
   * copies of their columns count. @throws {InvalidArgumentError} when it does not fit: the event is dead-lettered at once.
   */
  readonly decode?: (data: unknown) => Required<Payload>;
  readonly handler: EventHandler<Payload>;
  readonly unitOfWork: UnitOfWork;
  /** Consuming service; principal of what it does and source of its dead letters. */
  readonly service: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** All workspaces unless one is named. */
  readonly workspace?: string;
  readonly delivery?: Partial<Omit<SubscribeOptions, 'durable' | 'subject' | 'deadLetter'>>;
}

export interface EventConsumerStatus {
  readonly subscription: SubscriptionStatus | undefined;
  readonly handled: number;
  readonly failed: number;
  /** Messages that were no event, or whose payload did not fit; dead-lettered at once. */
  readonly invalid: number;
  readonly dead: number;
}

export interface EventConsumer extends Component {
  status(): EventConsumerStatus;
  drain(): Promise<void>;
}

const DELIVERY = {
  from: 'beginning',
  ackWaitMs: 30_000,
  deliveriesMax: 5,
  backoffMs: [100, 1_000, 10_000],
  inFlightMax: 100,
  handlerTimeoutMs: 30_000,
} as const;
/** A dead letter quotes the message; half of what a bus carries leaves room for base64. */
const QUOTED_BYTES_MAX = 512 * 1024;

/** Delivers events of one kind to a handler, in order per key, and dead-letters what it cannot handle. */
export function createEventConsumer<Payload extends object>(options: EventConsumerOptions<Payload>): EventConsumer {
  const counts = { handled: 0, failed: 0, invalid: 0, dead: 0 };
  let subscription: Subscription | undefined;
  const { bus, durable, definition, log } = options;
  const decode = options.decode ?? ((data: unknown) => decodePayload(definition, data));
  const deadLetter = (delivery: Delivery, error: unknown): BusMessage => {
    counts.dead += 1;
    log.error({ error, durable, id: delivery.id, attempts: delivery.attempt }, 'an event is given up on');
    return makeDeadLetter(options, delivery, error);
  };
  const handle = async (delivery: Delivery, signal: AbortSignal): Promise<void> => {
    const read = readEvent(decode, delivery);
    if ('error' in read) {
      counts.invalid += 1; // repeating it cannot help
      await bus.publish([deadLetter(delivery, read.error)], signal);
      return;
    }
    try {
      await options.handler(read.payload, read.envelope, createContext(options, read.envelope, delivery, signal));
      counts.handled += 1;
    } catch (error) {
      counts.failed += 1;
      log.warn({ error, durable, id: delivery.id, attempt: delivery.attempt }, 'handling an event failed');
      throw error;
    }
  };
  const drain = async (): Promise<void> => {
    await subscription?.drain();
  };
  return {
    name: `consumer-${durable}`,
    start: async () => {
      const subject = subjectFilter(definition.subject, options.workspace);
      subscription = await bus.subscribe({ ...DELIVERY, ...options.delivery, durable, subject, deadLetter }, handle);
    },
    drain,
    stop: drain,
    status: () => ({ ...counts, subscription: subscription?.status() }),
  };
}

type ReadEvent<Payload> =
  { readonly payload: Required<Payload>; readonly envelope: CloudEvent } | { readonly error: unknown };

function readEvent<Payload extends object>(
  decode: (data: unknown) => Required<Payload>,
  delivery: Delivery,
): ReadEvent<Payload> {
  try {
    const envelope = parseCloudEvent(delivery.data, delivery.headers);
    return { envelope, payload: decode(envelope.data) };
  } catch (error) {
    return { error };
  }
}

function createContext(
  { service, durable, unitOfWork }: Pick<EventConsumerOptions<object>, 'service' | 'durable' | 'unitOfWork'>,
  envelope: CloudEvent,
  { attempt, headers }: Delivery,
  signal: AbortSignal,
): EventContext {
  const caller: Caller = {
    principal: `service:${service}`,
    workspace: envelope.workspace,
    allWorkspaces: false,
    permissions: new Set(['*']),
  };
  const traceparent = envelope.traceparent ?? headers['traceparent'];
  const trace = traceparent === undefined ? {} : { traceparent };
  return {
    caller,
    attempt,
    signal,
    ...trace,
    once: (effect) =>
      unitOfWork.run({ caller, requestId: `event:${envelope.id}`, ...trace }, async (tx) => {
        if (!(await tx.inbox.firstTime(durable, envelope.id))) return false;
        await effect(tx);
        signal.throwIfAborted(); // the bus has given this delivery up; another one may be running
        return true;
      }),
  };
}

/** What a consumer publishes for a message it gives up on. Its id follows from consumer and message, so that a repeat after a crash is the same fact. */
export function makeDeadLetter(
  { durable, service, clock }: Pick<EventConsumerOptions<object>, 'durable' | 'service' | 'clock'>,
  delivery: Delivery,
  error: unknown,
): BusMessage {
  const payload = {
    consumer: durable,
    event_id: delivery.id,
    event_type: typeOf(delivery),
    subject: delivery.subject,
    attempts: delivery.attempt,
    reason: error instanceof DomainError ? error.reason : 'INTERNAL',
    event: Buffer.from(delivery.data.subarray(0, QUOTED_BYTES_MAX)),
  };
  const id = createHash('sha256').update(`${durable}\n${delivery.id}`).digest('hex');
  const workspace = delivery.subject.split('.')[2] ?? 'default'; // slipway.v1.<workspace>.…
  return toBusMessage(recordEvent(deliveryDead, payload, { id, workspace, time: clock.now() }), service);
}

function typeOf({ data, headers }: Delivery): string {
  try {
    return parseCloudEvent(data, headers).type;
  } catch {
    return ''; // it is no event, which is why it is here
  }
}
