import * as fc from 'fast-check';
import { silentLogger, type Clock } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import type { BusMessage, Delivery, SubscribeOptions } from './event-bus.ts';
import { HandlerTimeoutError, KeyedDelivery, type HeldMessage } from './keyed-delivery.ts';

/** A clock that stands still until it is moved. */
class ManualClock implements Clock {
  #ms = 0;
  #sleepers: { at: number; wake: () => void }[] = [];
  now = (): bigint => BigInt(this.#ms) * 1000n;
  monotonicMs = (): number => this.#ms;
  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const sleeper = { at: this.#ms + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  async advance(ms: number): Promise<void> {
    const end = this.#ms + ms;
    for (;;) {
      const [next] = this.#sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#ms = Math.max(this.#ms, next.at);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      next.wake();
      await settled();
    }
    this.#ms = end;
  }
}

/** Lets everything run that waits for nothing but promises. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const IN_FLIGHT_MAX = 5;
const DELIVERIES_MAX = 3;
const BACKOFF_MS = 100;
const HANDLER_TIMEOUT_MS = 10_000;

class Harness {
  readonly clock = new ManualClock();
  readonly log: HeldMessage[] = [];
  offered = 0;
  readonly running = new Map<string, { delivery: Delivery; settle: (error?: unknown) => void; signal: AbortSignal }>();
  readonly acknowledged: bigint[] = [];
  readonly letters: BusMessage[] = [];
  readonly recorded: string[] = [];
  readonly extended: bigint[][] = [];
  failAcknowledgements = 0;
  readonly delivery: KeyedDelivery<HeldMessage>;

  constructor(overrides: Partial<SubscribeOptions> = {}) {
    this.delivery = new KeyedDelivery<HeldMessage>({
      subscription: {
        durable: 'd',
        subject: '>',
        from: 'beginning',
        ackWaitMs: 30_000,
        deliveriesMax: DELIVERIES_MAX,
        backoffMs: [BACKOFF_MS],
        inFlightMax: IN_FLIGHT_MAX,
        handlerTimeoutMs: HANDLER_TIMEOUT_MS,
        deadLetter: (failed) => ({ ...failed, id: `dead-${failed.id}` }),
        ...overrides,
      },
      handler: (delivery, signal) =>
        new Promise((resolve, reject) => {
          if (this.running.has(delivery.key)) throw new Error('two of one key at once');
          const settle = (error?: unknown): void => {
            this.running.delete(delivery.key);
            if (error === undefined) resolve();
            else reject(error);
          };
          this.running.set(delivery.key, { delivery, settle, signal });
        }),
      settlement: {
        acknowledge: async ({ message }) => {
          if (this.failAcknowledgements-- > 0) throw new Error('the broker does not answer');
          this.acknowledged.push(message.sequence);
        },
        recordFailures: async ({ message }, failures) => void this.recorded.push(`${message.id}:${failures}`),
        publishDeadLetter: async (message) => void this.letters.push(message),
        extend: (held) => void this.extended.push(held.map(({ message }) => message.sequence)),
        roomFreed: () => this.pump(),
      },
      clock: this.clock,
      log: silentLogger,
    });
  }

  publish(key: string, past: Partial<HeldMessage> = {}): void {
    const sequence = BigInt(this.log.length + 1);
    const message = { subject: 's', id: `m${sequence}`, key, data: new Uint8Array(), headers: {}, sequence };
    this.log.push({ message, failures: 0, redelivered: false, ...past });
    this.pump();
  }

  pump(): void {
    while (this.delivery?.room > 0) {
      const next = this.log[this.offered];
      if (!next) return;
      this.offered += 1;
      this.delivery.offer(next);
    }
  }

  async settle(key: string, error?: unknown): Promise<void> {
    this.running.get(key)?.settle(error);
    await settled();
  }
}

/** What the dispatcher should do, in as few words as possible. */
class Model {
  now = 0;
  entries: { sequence: bigint; key: string; failures: number; waitsUntil: number }[] = [];
  published = 0n;
  readonly acknowledged: bigint[] = [];
  readonly dead: bigint[] = [];
  held = () => this.entries.slice(0, IN_FLIGHT_MAX);
  heads = () => this.held().filter((e, i, all) => all.findIndex(({ key }) => key === e.key) === i);
  running = () => this.heads().filter(({ waitsUntil }) => waitsUntil <= this.now);
  done(entry: Model['entries'][number]): void {
    this.acknowledged.push(entry.sequence);
    this.entries = this.entries.filter((other) => other !== entry);
  }
}

type Step = fc.AsyncCommand<Model, Harness>;

async function compare(model: Model, real: Harness): Promise<void> {
  await settled();
  const running = [...real.running.values()].map(({ delivery }) => `${delivery.sequence}:${delivery.attempt}`);
  const expected = model.running().map(({ sequence, failures }) => `${sequence}:${failures + 1}`);
  expect(running.toSorted()).toEqual(expected.toSorted());
  expect(real.delivery.counts.inFlight).toBe(model.held().length);
  expect(real.acknowledged).toEqual(model.acknowledged);
  expect(real.letters.map(({ id }) => id)).toEqual(model.dead.map((sequence) => `dead-m${sequence}`));
}

class Publish implements Step {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  check = () => true;
  async run(model: Model, real: Harness): Promise<void> {
    model.published += 1n;
    model.entries.push({ sequence: model.published, key: this.key, failures: 0, waitsUntil: 0 });
    real.publish(this.key);
    await compare(model, real);
  }
  toString = () => `publish(${this.key})`;
}

class Settle implements Step {
  readonly key: string;
  readonly fails: boolean;
  constructor(key: string, fails: boolean) {
    this.key = key;
    this.fails = fails;
  }
  check = (model: Readonly<Model>) => model.running().some(({ key }) => key === this.key);
  async run(model: Model, real: Harness): Promise<void> {
    const entry = model.running().find(({ key }) => key === this.key);
    if (!entry) return;
    entry.failures += 1;
    if (!this.fails) model.done(entry);
    else if (entry.failures < DELIVERIES_MAX) entry.waitsUntil = model.now + BACKOFF_MS;
    else {
      model.dead.push(entry.sequence);
      model.done(entry);
    }
    await real.settle(this.key, this.fails ? new Error('no') : undefined);
    await compare(model, real);
  }
  toString = () => `${this.fails ? 'fail' : 'succeed'}(${this.key})`;
}

class Advance implements Step {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Harness): Promise<void> {
    model.now += this.ms;
    await real.clock.advance(this.ms);
    await compare(model, real);
  }
  toString = () => `advance(${this.ms})`;
}

describe('keyed delivery', () => {
  it('agrees with the model: order per key, nothing lost, a failing key alone waits, the bound holds', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const steps = [
      key.map((k) => new Publish(k)),
      key.map((k) => new Publish(k)),
      key.map((k) => new Settle(k, false)),
      key.map((k) => new Settle(k, true)),
      fc.constantFrom(1, 60, 100).map((ms) => new Advance(ms)),
    ];
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 60 }), async (commands) => {
        const model = new Model();
        const real = new Harness();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        while (model.entries.length > 0) {
          await new Advance(BACKOFF_MS).run(model, real);
          for (const { key: running } of model.running()) await new Settle(running, false).run(model, real);
        }
        const all = Array.from({ length: Number(model.published) }, (_, index) => BigInt(index + 1));
        expect([...real.acknowledged].toSorted((x, y) => (x < y ? -1 : 1))).toEqual(all);
        await real.delivery.drain();
      }),
      { numRuns: 300, seed: 20_261_121 },
    );
  });

  it('counts a handler that does not settle in time as failed and aborts its signal', async () => {
    const real = new Harness();
    real.publish('a');
    const first = real.running.get('a');
    await real.clock.advance(HANDLER_TIMEOUT_MS - 1);
    expect(first?.signal.aborted).toBe(false);
    await real.clock.advance(1);
    expect(first?.signal.reason).toBeInstanceOf(HandlerTimeoutError);
    expect(real.recorded).toEqual(['m1:1']);
    real.running.clear(); // this handler ignores its signal; its late result must not matter
    await real.clock.advance(BACKOFF_MS);
    first?.settle();
    expect(real.acknowledged).toEqual([]);
  });

  it('extends everything held every third of the ack wait', async () => {
    const real = new Harness();
    real.publish('a');
    real.publish('a');
    await real.clock.advance(9_999);
    expect(real.extended).toEqual([]);
    await real.clock.advance(1);
    expect(real.extended).toEqual([[1n, 2n]]);
  });

  it('repeats an acknowledgement until it is taken, and only then begins the next of the key', async () => {
    const real = new Harness();
    real.failAcknowledgements = 2;
    real.publish('a');
    real.publish('a');
    await real.settle('a');
    expect(real.running.size).toBe(0);
    await real.clock.advance(50);
    expect(real.running.size).toBe(0);
    await real.clock.advance(200);
    expect(real.acknowledged).toEqual([1n]);
    expect(real.running.get('a')?.delivery.sequence).toBe(2n);
  });

  it('dead-letters at once what failed its last delivery before a restart', async () => {
    const real = new Harness();
    real.publish('a', { failures: DELIVERIES_MAX, redelivered: true });
    await settled();
    expect(real.running.size).toBe(0);
    expect(real.letters.map(({ id }) => id)).toEqual(['dead-m1']);
    expect(real.acknowledged).toEqual([1n]);
  });

  it('records a delivery before it starts when the one before may have ended the process', async () => {
    const real = new Harness();
    real.publish('a', { failures: 1, redelivered: true });
    await settled();
    expect(real.recorded).toEqual(['m1:2']);
    expect(real.running.get('a')?.delivery.attempt).toBe(2);
  });

  it('draining waits for running handlers, ends backoffs and returns what is not settled', async () => {
    const real = new Harness();
    for (const key of ['a', 'a', 'b', 'b']) real.publish(key);
    await real.settle('b', new Error('no'));
    let returned: readonly HeldMessage[] | undefined;
    const drained = real.delivery.drain().then((held) => {
      returned = held;
    });
    await settled();
    expect(returned).toBeUndefined();
    await real.settle('a');
    await drained;
    expect(returned?.map(({ message }) => message.sequence)).toEqual([2n, 3n, 4n]);
    expect(real.acknowledged).toEqual([1n]);
    expect(real.delivery.room).toBe(0);
  });

  it('refuses more than there is room for', () => {
    const real = new Harness({ inFlightMax: 1 });
    real.publish('a');
    real.publish('b');
    expect(real.offered).toBe(1);
    expect(() => real.delivery.offer(real.log[1] as HeldMessage)).toThrow(RangeError);
  });
});
