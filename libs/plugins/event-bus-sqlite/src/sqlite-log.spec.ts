import { createIdSource, FailedPreconditionError, seededRandom, silentLogger, type Clock } from '@slipway/kernel';
import type { BusMessage, EventBus, SubscribeOptions } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBusSqlitePlugin } from './index.ts';

const HOUR_MS = 3_600_000;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Wall time and maintenance are moved by the test. */
class TestClock implements Clock {
  ms = 1_000_000_000_000;
  readonly #sleepers = new Set<() => void>();
  now = (): bigint => BigInt(this.ms) * 1000n;
  monotonicMs = (): number => performance.now();
  sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      this.#sleepers.add(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  async runMaintenance(): Promise<void> {
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
    for (let turns = 0; turns < 50; turns++) await turn();
  }
}

describe('embedded event log', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let clock: TestClock;
  let bus: EventBus;
  const create = (settings: Record<string, unknown> = {}): EventBus =>
    eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig(settings), {
      clock,
      ids: createIdSource(clock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: directory.path,
    });
  const open = async (settings: Record<string, unknown> = {}): Promise<void> => {
    bus = create(settings);
    await bus.open(AbortSignal.timeout(1_000));
  };
  const publish = (...ids: string[]): ReturnType<EventBus['publish']> =>
    bus.publish(
      ids.map((id): BusMessage => ({ subject: 'slipway.v1.a', id, key: 'k', data: new Uint8Array(1), headers: {} })),
      new AbortController().signal,
    );
  const read = async (durable: string, overrides: Partial<SubscribeOptions> = {}): Promise<string[]> => {
    const seen: string[] = [];
    const subscription = await bus.subscribe(
      {
        durable,
        subject: '>',
        from: 'beginning',
        ackWaitMs: 1_000,
        deliveriesMax: 1,
        backoffMs: [0],
        inFlightMax: 16,
        handlerTimeoutMs: 1_000,
        deadLetter: (delivery) => delivery,
        ...overrides,
      },
      async ({ id }) => void seen.push(id),
    );
    for (let turns = 0; turns < 50; turns++) await turn();
    await subscription.drain();
    return seen;
  };

  beforeEach(() => {
    directory = temporaryDirectory();
    clock = new TestClock();
  });
  afterEach(async () => {
    await bus.close();
    directory.remove();
  });

  it('forgets ids after the deduplication window, and not before', async () => {
    await open({ deduplicationWindowMs: HOUR_MS });
    await publish('x');
    clock.ms += HOUR_MS - 1;
    await clock.runMaintenance();
    expect((await publish('x'))[0]?.duplicate).toBe(true);
    clock.ms += 1;
    expect((await publish('x'))[0]).toMatchObject({ duplicate: false, sequence: 2n });
    await clock.runMaintenance();
    expect((await publish('x'))[0]).toMatchObject({ duplicate: true, sequence: 2n });
  });

  it('deletes by age, whether read or not, and never gives a sequence twice', async () => {
    await open({ maxAgeMs: 2 * HOUR_MS, deduplicationWindowMs: 1_000 });
    await publish('a', 'b');
    clock.ms += HOUR_MS;
    await publish('c');
    clock.ms += HOUR_MS;
    await clock.runMaintenance();
    expect(await read('one')).toEqual(['c']);
    clock.ms += HOUR_MS;
    await clock.runMaintenance();
    expect(await read('two')).toEqual([]);
    expect((await bus.head()).lastSequence).toBe(3n); // or the relay would take what was deleted for lost
    expect((await publish('d'))[0]?.sequence).toBe(4n);
  });

  it('deletes what all durables have acknowledged, after its time', async () => {
    await open({ acknowledgedMaxAgeMs: HOUR_MS });
    await publish('a', 'b');
    expect(await read('first')).toEqual(['a', 'b']);
    expect(await read('second', { subject: 'slipway.v1.other' })).toEqual([]);
    await clock.runMaintenance();
    expect(await read('third')).toEqual(['a', 'b']);
    const slow = await read('slow', { from: 'now' });
    clock.ms += HOUR_MS;
    await publish('c');
    await clock.runMaintenance();
    expect(slow).toEqual([]);
    expect(await read('late')).toEqual(['c']);
  });

  it('keeps within its bound on messages', async () => {
    await open({ messagesMax: 1_000 });
    const ids = Array.from({ length: 3_000 }, (_, index) => `m${index}`);
    await publish(...ids);
    await clock.runMaintenance();
    expect((await read('reader', { inFlightMax: 4_096 }))[0]).toBe('m2000');
  });

  it('belongs to one process: a second opening is refused', async () => {
    await open();
    await expect(create().open(AbortSignal.timeout(1_000))).rejects.toBeInstanceOf(FailedPreconditionError);
  });

  it('lists all problems of its settings', async () => {
    await open();
    const parse = (): unknown =>
      eventBusSqlitePlugin.parseConfig({ fileName: '../x', maxAgeMs: 'soon', durability: 'none', typo: 1 });
    expect(parse).toThrow(/fileName.*maxAgeMs.*durability/);
    expect(parse).toThrow(/typo/);
  });
});
