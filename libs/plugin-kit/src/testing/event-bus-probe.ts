import type { BusMessage, Delivery, EventBus, SubscribeOptions } from '../index.ts';

/** One place that keeps messages, and any number of buses opened over it, one after the other. */
export interface EventBusStorage {
  /** A new bus over the same storage, opened. The suite closes it before it asks for the next one. */
  open(): Promise<EventBus>;
  /** Ends the storage; every bus is closed by then. */
  remove(): Promise<void>;
}

/** What the parts of the suite work with; a new storage for every test. */
export interface SuiteContext {
  /** The bus that is open now. */
  readonly bus: EventBus;
  /** Closes the bus and opens another over the same storage. */
  reopen(): Promise<EventBus>;
}

const NEVER = new AbortController().signal;
let messagesMade = 0;

/** Subjects of the suite; any bus stores what is below `slipway.v1.`. */
export const SUBJECT = 'slipway.v1.default.suite.thing.happened';

/** A message that is unique within the process unless `id` says otherwise. */
export function message(key: string, text: string, overrides: Partial<BusMessage> = {}): BusMessage {
  messagesMade += 1;
  return {
    subject: `${SUBJECT}.${key}`,
    id: `suite-${messagesMade}`,
    key: `default/${key}`,
    data: new TextEncoder().encode(text),
    headers: {},
    ...overrides,
  };
}

export const textOf = (delivered: { readonly data: Uint8Array }): string => new TextDecoder().decode(delivered.data);

export const publish = (bus: EventBus, ...messages: BusMessage[]): ReturnType<EventBus['publish']> =>
  bus.publish(messages, NEVER);

/** Options that suit a test: short waits, a dead letter with an id that follows from the delivery. */
export function options(overrides: Partial<SubscribeOptions> = {}): SubscribeOptions {
  return {
    durable: 'suite',
    subject: `${SUBJECT}.>`,
    from: 'beginning',
    ackWaitMs: 1_000,
    deliveriesMax: 3,
    backoffMs: [20],
    inFlightMax: 64,
    handlerTimeoutMs: 5_000,
    deadLetter: (delivery, error) => ({
      subject: `slipway.v1.default.suite.dead-letter.added.${delivery.key.replaceAll('/', '-')}`,
      id: `dead-${delivery.id}`,
      key: delivery.key,
      data: delivery.data,
      headers: { error: error instanceof Error ? error.message : 'unknown', attempt: `${delivery.attempt}` },
    }),
    ...overrides,
  };
}

/** Remembers deliveries; `decide` may throw or wait per delivery. */
export class Recorder {
  readonly seen: { readonly text: string; readonly attempt: number }[] = [];
  readonly deliveries: Delivery[] = [];
  running = 0;
  runningMax = 0;
  readonly #decide: (delivery: Delivery, signal: AbortSignal) => Promise<void> | void;

  constructor(decide: (delivery: Delivery, signal: AbortSignal) => Promise<void> | void = () => undefined) {
    this.#decide = decide;
  }

  readonly handle = async (delivery: Delivery, signal: AbortSignal): Promise<void> => {
    this.deliveries.push(delivery);
    this.seen.push({ text: textOf(delivery), attempt: delivery.attempt });
    this.running += 1;
    this.runningMax = Math.max(this.runningMax, this.running);
    try {
      await this.#decide(delivery, signal);
    } finally {
      this.running -= 1;
    }
  };

  get texts(): string[] {
    return this.seen.map(({ text }) => text);
  }
}

/** Resolves once `check` holds. @throws {Error} after ten seconds, saying what was awaited. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`did not happen within 10 s: ${what}`);
    await pause(5);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
