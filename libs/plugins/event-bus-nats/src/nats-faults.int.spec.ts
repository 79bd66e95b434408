import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  createIdSource,
  FailedPreconditionError,
  seededRandom,
  silentLogger,
  systemClock,
  UnavailableError,
} from '@slipway/kernel';
import type { BusMessage, Delivery, EventBus, PublishReceipt, SubscribeOptions } from '@slipway/plugin-kit';
import { describeWith, freePort, sized, startNats, temporaryDirectory, type NatsServer } from '@slipway/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventBusNatsPlugin } from './index.ts';
import { startLossyProxy } from './testing/lossy-proxy.ts';

const SUBJECT = 'slipway.v1.default.faults.thing.happened';
const decode = (delivery: Delivery): string => new TextDecoder().decode(delivery.data);

function message(text: string, key = 'k'): BusMessage {
  return { subject: `${SUBJECT}.${key}`, id: `id-${text}`, key, data: new TextEncoder().encode(text), headers: {} };
}

const options = (overrides: Partial<SubscribeOptions> = {}): SubscribeOptions => ({
  durable: 'faults',
  subject: `${SUBJECT}.>`,
  from: 'beginning',
  ackWaitMs: 1_500,
  deliveriesMax: 5,
  backoffMs: [10],
  inFlightMax: 64,
  handlerTimeoutMs: 5_000,
  deadLetter: (delivery) => ({ ...delivery, id: `dead-${delivery.id}` }),
  ...overrides,
});

async function eventually(what: string, check: () => boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!check()) {
    if (performance.now() > end) throw new Error(`did not happen within 15 s: ${what}`);
    await systemClock.sleep(5);
  }
}

describeWith(['nats'], 'NATS faults', () => {
  let server: NatsServer;
  let storage: ReturnType<typeof temporaryDirectory>;
  let port: number;
  const opened: EventBus[] = [];

  beforeEach(async () => {
    storage = temporaryDirectory();
    port = await freePort();
    server = await startNats({ storeDirectory: storage.path, port });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
    await server.stop();
    storage.remove();
  });

  async function openBus(settings: Record<string, unknown> = {}): Promise<EventBus> {
    const config = eventBusNatsPlugin.parseConfig({ servers: server.url, publishTimeoutMs: 1_000, ...settings });
    const ids = createIdSource(systemClock, seededRandom(1));
    const bus = eventBusNatsPlugin.create(config, { clock: systemClock, ids, log: silentLogger, dataDirectory: '' });
    opened.push(bus);
    await bus.open(AbortSignal.timeout(3_000));
    return bus;
  }

  async function manage<T>(step: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: server.url });
    try {
      return await step(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  const publish = (bus: EventBus, ...messages: BusMessage[]): Promise<readonly PublishReceipt[]> =>
    bus.publish(messages, new AbortController().signal);

  /** As a relay does: the same ids again until they are confirmed. */
  async function publishUntilStored(bus: EventBus, messages: readonly BusMessage[]): Promise<void> {
    for (;;) {
      try {
        await publish(bus, ...messages);
        return;
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        await systemClock.sleep(50);
      }
    }
  }

  it('survives kill -9 of the broker: reconnects, loses nothing acknowledged, keeps the order per key', async () => {
    const kills = sized({ small: 3, full: 20 });
    const bus = await openBus();
    const seen: string[] = [];
    const subscription = await bus.subscribe(options(), async (delivery) => void seen.push(decode(delivery)));
    const rounds = Array.from({ length: 150 }, (_, round) =>
      ['a', 'b', 'c'].map((key) => message(`${key}-${round}`, key)),
    );
    const publishing = (async () => {
      for (const round of rounds) await publishUntilStored(bus, round);
    })();
    for (let kill = 1; kill <= kills; kill++) {
      await eventually('some messages', () => seen.length >= kill * 30);
      await server.kill('SIGKILL');
      await eventually('the loss is noticed', () => !bus.isHealthy());
      server = await startNats({ storeDirectory: storage.path, port });
      await eventually('the bus is connected again', () => bus.isHealthy());
    }
    await publishing;
    await eventually('all messages', () => new Set(seen).size === 450);
    await eventually('all acknowledged', () => subscription.status().inFlight === 0);
    for (const key of ['a', 'b', 'c']) {
      const firsts = [...new Set(seen.filter((text) => text.startsWith(key)))];
      expect(firsts).toEqual(rounds.map((_, round) => `${key}-${round}`));
    }
  });

  it('fails a publish within its time while the broker is away, and its open with the cause', async () => {
    const bus = await openBus({ publishTimeoutMs: 400 });
    await server.kill('SIGKILL');
    await eventually('the loss is noticed', () => !bus.isHealthy());
    const began = performance.now();
    await expect(publish(bus, message('x'))).rejects.toBeInstanceOf(UnavailableError);
    await expect(bus.publish([message('y')], AbortSignal.timeout(100))).rejects.toBeInstanceOf(UnavailableError);
    expect(performance.now() - began).toBeLessThan(1_500);
    const other = eventBusNatsPlugin.create(eventBusNatsPlugin.parseConfig({ servers: server.url }), {
      clock: systemClock,
      ids: createIdSource(systemClock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: '',
    });
    await expect(other.open(AbortSignal.timeout(400))).rejects.toBeInstanceOf(UnavailableError);
  });

  it('makes a deleted consumer again where it was: nothing lost, nothing settled handled again', async () => {
    const bus = await openBus({ watchdogMs: 1_000 });
    const seen: string[] = [];
    const subscription = await bus.subscribe(options(), async (delivery) => void seen.push(decode(delivery)));
    await publish(bus, message('1'), message('2'));
    await eventually('two messages', () => seen.length === 2 && subscription.status().inFlight === 0);
    await manage((manager) => manager.consumers.delete('SLIPWAY', 'faults'));
    await publish(bus, message('3'), message('4'));
    await eventually('the later messages', () => seen.length >= 4);
    await systemClock.sleep(200);
    expect(seen).toEqual(['1', '2', '3', '4']);
    expect(subscription.status().state).toBe('active');
  });

  it('makes a lost stream again and goes on from its beginning', async () => {
    const bus = await openBus({ watchdogMs: 1_000 });
    const seen: string[] = [];
    await bus.subscribe(options(), async (delivery) => void seen.push(decode(delivery)));
    await publish(bus, message('1'), message('2'));
    await eventually('two messages', () => seen.length === 2);
    const before = await bus.head();
    await manage((manager) => manager.streams.delete('SLIPWAY'));
    await publishUntilStored(bus, [message('new-1'), message('new-2'), message('new-3')]);
    await eventually('the new messages', () => seen.includes('new-3'));
    expect(seen).toEqual(['1', '2', 'new-1', 'new-2', 'new-3']);
    const after = await bus.head();
    expect(after.logId).not.toBe(before.logId);
    expect(after.lastSequence).toBe(3n);
  });

  it('keeps the order per key after kill -9 of a subscriber that held messages', async () => {
    const bus = await openBus();
    await publish(bus, message('a1', 'a'), message('a2', 'a'), message('b1', 'b'));
    const script = fileURLToPath(new URL('./testing/hold-messages.ts', import.meta.url));
    const holder = spawn(process.execPath, [script, server.url, 'faults', `${SUBJECT}.>`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    holder.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await eventually('the other process holds all three', () => printed.includes('held 3'));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await publish(bus, message('a3', 'a'), message('b2', 'b'));
    const seen: string[] = [];
    const attempts: number[] = [];
    await bus.subscribe(options(), async (delivery) => {
      seen.push(decode(delivery));
      attempts.push(delivery.attempt);
    });
    await eventually('all messages', () => seen.length >= 5);
    await systemClock.sleep(100);
    expect(seen.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(seen.filter((text) => text.startsWith('b'))).toEqual(['b1', 'b2']);
    expect(attempts).toEqual([1, 1, 1, 1, 1]);
  });

  it('notices that messages wait and none comes, says so, and asks again', async () => {
    const lossy = await startLossyProxy(port);
    try {
      const bus = await openBus({ servers: lossy.url, watchdogMs: 400 });
      await publish(bus, message('1'), message('2'));
      lossy.losePulls = true;
      const seen: string[] = [];
      const subscription = await bus.subscribe(options(), async (delivery) => void seen.push(decode(delivery)));
      await eventually('the watchdog barks', () => subscription.status().state === 'stalled');
      expect(seen).toEqual([]);
      expect(subscription.status().pending).toBe(2n);
      lossy.losePulls = false;
      await eventually('the messages', () => seen.length === 2);
      expect(subscription.status().state).toBe('active');
    } finally {
      await Promise.all(opened.splice(0).map((bus) => bus.close()));
      lossy.stop();
    }
  });

  it('refuses a stream of the same name with other settings, naming the difference', async () => {
    await openBus();
    const opening = openBus({ deduplicationWindowMs: 60_000 });
    await expect(opening).rejects.toBeInstanceOf(FailedPreconditionError);
    await expect(opening).rejects.toThrow(/duplicate_window/);
    await expect(openBus({ stream: 'OTHER' })).rejects.toBeInstanceOf(FailedPreconditionError);
    await expect(openBus({ deduplicationWindowMs: 60_000, updateStream: 'true' })).resolves.toBeDefined();
  });
});
