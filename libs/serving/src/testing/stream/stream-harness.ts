import { parseCloudEvent, subjectFilter } from '@slipway/contracts';
import type { Delivery, EventBus, Subscription } from '@slipway/plugin-kit';
import type { StreamConfig } from '../../stream-config.ts';
import { sumModel } from '../sum-model.ts';
import { ServingHarness, type HarnessOptions } from '../serving-harness.ts';
import type { StoredPredictionCalls } from '../../rpc/stream/prediction-table-calls.ts';
import { FakePredictionTables } from './fake-prediction-tables.ts';

/** Short waits; safe with the window of two hours that buses have by default. */
export const STREAM_CONFIG: StreamConfig = {
  delivery: { ackWaitMs: 1_000, deliveriesMax: 4, backoffMs: [20, 100], outageMs: 60_000 },
  leaseMs: 3_000,
  refreshMs: 200,
};

export interface StreamHarness<Tables = FakePredictionTables> {
  readonly harness: ServingHarness;
  readonly tables: Tables;
}

/** Serving with streams on; the model `m` has version 1, which answers a + b, both of the request. */
export function startStreams(options: Omit<HarnessOptions, 'tables'>): Promise<StreamHarness>;
export function startStreams<Tables extends StoredPredictionCalls>(
  options: HarnessOptions & { readonly tables: Tables },
): Promise<StreamHarness<Tables>>;
export async function startStreams(options: HarnessOptions): Promise<StreamHarness<StoredPredictionCalls>> {
  const { tables = new FakePredictionTables() } = options;
  const config = { streams: STREAM_CONFIG, ...options.config };
  const harness = await ServingHarness.start({ ...options, tables, config });
  return { harness, tables };
}

export async function withSumModel(harness: ServingHarness): Promise<void> {
  harness.publishKeyed('m', 1, sumModel(['a', 'b']), ['request:a', 'request:b']);
  await harness.moveAndSettle('m', 1);
}

/** One event of the stream as a caller of the RPC sends it. */
export const event = (id: string, key: string, data: object, timeMicros = 1_000_000n) => ({
  id,
  key,
  time_micros: `${timeMicros}`,
  data_json: JSON.stringify(data),
});

export interface SeenResult {
  readonly messageId: string;
  readonly sequence: bigint;
  readonly key: string;
  readonly eventId: string;
  readonly version: string;
  readonly outputs: Readonly<Record<string, number>>;
}

export interface SeenLetter {
  readonly reason: string;
  readonly eventId: string;
  readonly attempts: number;
  /** The message that was given up on. */
  readonly event: string;
}

/** Reads what a stream publishes, in the order of the log. */
export class ResultLog {
  readonly results: SeenResult[] = [];
  readonly letters: SeenLetter[] = [];
  readonly #subscriptions: Subscription[] = [];

  static async open(bus: EventBus, stream: string, durable = 'test-results'): Promise<ResultLog> {
    const log = new ResultLog();
    const subject = subjectFilter({ version: 1, domain: 'stream', noun: stream, verb: 'scored' });
    const dead = subjectFilter({ version: 1, domain: 'bus', noun: 'delivery', verb: 'dead' });
    await log.#read(bus, durable, subject, (delivery) => log.results.push(readResult(delivery)));
    await log.#read(bus, `${durable}-dead`, dead, (delivery) => log.letters.push(readLetter(delivery)));
    return log;
  }

  async #read(bus: EventBus, durable: string, subject: string, take: (delivery: Delivery) => void): Promise<void> {
    const options = {
      durable,
      subject,
      from: 'beginning',
      ackWaitMs: 5_000,
      deliveriesMax: 3,
      backoffMs: [10],
    } as const;
    const bounds = { inFlightMax: 4_096, handlerTimeoutMs: 10_000 };
    const deadLetter = (): never => {
      throw new Error('a test could not read what a stream published');
    };
    const handler = (delivery: Delivery): Promise<void> => {
      take(delivery);
      return Promise.resolve();
    };
    this.#subscriptions.push(await bus.subscribe({ ...options, ...bounds, deadLetter }, handler));
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.drain()));
  }
}

function readResult(delivery: Delivery): SeenResult {
  const { data, subject } = parseCloudEvent(delivery.data, delivery.headers);
  return {
    messageId: delivery.id,
    sequence: delivery.sequence,
    key: subject,
    eventId: String(data['event_id']),
    version: String(data['version']),
    outputs: data['outputs'] as Record<string, number>,
  };
}

function readLetter(delivery: Delivery): SeenLetter {
  const { data } = parseCloudEvent(delivery.data, delivery.headers);
  return {
    reason: String(data['reason']),
    eventId: String(data['event_id']),
    attempts: Number(data['attempts']),
    event: Buffer.from(String(data['event']), 'base64').toString('utf8'),
  };
}

/** @throws {Error} naming `what` when it did not come in time. */
export async function eventually(
  what: string,
  isThere: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isThere())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
