import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { createIdSource, seededRandom, silentLogger, systemClock, type Random } from '@slipway/kernel';
import type { BusMessage, EventBus } from '@slipway/plugin-kit';
import { describeWith, freePort, sized, startNats, temporaryDirectory, type NatsServer } from '@slipway/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { receivedMessage } from './rpc/stream/stream-messages.ts';
import type { ScorerProcessArguments } from './testing/stream/scorer-process.ts';
import { SqlitePredictionTables } from './testing/stream/sqlite-prediction-tables.ts';
import { eventually, ResultLog } from './testing/stream/stream-harness.ts';

const { events, kills, withinMs } = sized({
  small: { events: 3_000, kills: 6, withinMs: 40_000 },
  full: { events: 17_117, kills: 20, withinMs: 600_000 },
});
const SEED = 20_010_515;
const STREAM = { workspace: 'default', name: 's' };
const PROGRAM = join(import.meta.dirname, 'testing/stream/scorer-process.ts');
const NEVER = new AbortController().signal;
const below = (random: Random, bound: number): number =>
  random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) % bound;

describeWith(['nats'], 'streams under kills', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let nats: NatsServer;
  let scorer: ChildProcess | undefined;
  let tables: SqlitePredictionTables;
  const buses: EventBus[] = [];
  let lives = 0;
  beforeEach(async () => {
    directory = temporaryDirectory();
    nats = await startNats({ storeDirectory: join(directory.path, 'nats'), port: await freePort() });
    for (const each of ['scorer', 'parent']) mkdirSync(join(directory.path, each));
    tables = new SqlitePredictionTables(join(directory.path, 'table.db'));
  });
  afterEach(async () => {
    if (scorer?.exitCode === null && scorer.signalCode === null) {
      scorer.kill('SIGKILL');
      await once(scorer, 'exit');
    }
    tables.close();
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await nats.stop();
    directory.remove();
  });

  async function openBus(): Promise<EventBus> {
    const ids = createIdSource(systemClock, seededRandom(2));
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: join(directory.path, 'parent') };
    const bus = eventBusNatsPlugin.create(eventBusNatsPlugin.parseConfig({ servers: nats.url }), dependencies);
    await bus.open(AbortSignal.timeout(10_000));
    buses.push(bus);
    return bus;
  }

  /** Starts the scorer; one that could not start, because the broker was just killed, is started again. */
  async function startScorer(step: Pick<ScorerProcessArguments, 'killAt' | 'batches'>): Promise<ChildProcess> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const own = { directory: join(directory.path, 'scorer'), table: join(directory.path, 'table.db') };
      const given: ScorerProcessArguments = { ...own, servers: nats.url, life: (lives += 1), ...step };
      const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      scorer = child;
      const ended = once(child, 'exit');
      const first = await Promise.race([once(child, 'message').then(() => 'ready'), ended.then(() => 'ended')]);
      if (first === 'ready' || child.signalCode === 'SIGKILL') return child; // it may come to its step before it says so
    }
    throw new Error('the scorer did not start');
  }

  async function publish(bus: EventBus, messages: readonly BusMessage[]): Promise<void> {
    const end = performance.now() + 30_000;
    for (;;) {
      try {
        await bus.publish(messages, NEVER);
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await systemClock.sleep(100); // the broker is being killed: the same ids again
      }
    }
  }

  it(
    `has one result for each of ${events} events, in the log and in the table, after ${kills} kills`,
    async () => {
      const random = seededRandom(SEED);
      const bus = await openBus();
      const messages = Array.from({ length: events }, (_, at) =>
        receivedMessage(STREAM, {
          id: `e${at}`,
          key: `k${at % 97}`,
          time: BigInt(at),
          data: { id: `e${at}`, a: at, b: 0.5 },
        }),
      );
      const first = await startScorer({ killAt: 'never', batches: 0 }); // makes the stream, and its place on the bus
      const firstEnded = once(first, 'exit');
      first.kill('SIGKILL');
      await firstEnded;
      const share = Math.ceil(events / (kills + 1));
      for (let kill = 0; kill < kills; kill += 1) {
        const part = messages.slice(kill * share, (kill + 1) * share);
        const isBroker = kill % 3 === 2;
        const killAt = isBroker ? 'never' : ((['before', 'half', 'after'] as const)[below(random, 3)] ?? 'after');
        const child = await startScorer({ killAt, batches: below(random, 4) });
        const ended = once(child, 'exit');
        const published = publish(bus, part);
        if (isBroker) {
          await systemClock.sleep(below(random, 150));
          await nats.kill('SIGKILL');
          nats = await startNats({ storeDirectory: nats.storeDirectory, port: nats.port });
          await published;
          await systemClock.sleep(500 + below(random, 500));
          child.kill('SIGKILL');
        }
        await published;
        if (child.signalCode === null) await Promise.race([ended, systemClock.sleep(15_000)]);
        expect(child.signalCode, 'the scorer came to the step at which it dies').toBe('SIGKILL');
      }
      await startScorer({ killAt: 'never', batches: 0 });
      await publish(bus, messages.slice(kills * share));
      const log = await ResultLog.open(await openBus(), 's');
      await eventually('all rows of the table', () => tables.all().length >= events, withinMs);
      await eventually(
        'all results',
        () => new Set(log.results.map(({ eventId }) => eventId)).size >= events,
        withinMs,
      );
      await systemClock.sleep(2_500); // what is delivered twice comes after an ack wait
      const wrong = log.results.filter(({ eventId, outputs }) => outputs['y'] !== Number(eventId.slice(1)) + 0.5);
      const kept = tables.all();
      await log.close();
      expect({ results: log.results.length, letters: log.letters.length, wrong }).toEqual({
        results: events,
        letters: 0,
        wrong: [],
      });
      expect(kept.filter(({ key, output, writes }) => writes !== 1 || output !== Number(key.slice(1)) + 0.5)).toEqual(
        [],
      );
      expect(kept).toHaveLength(events);
    },
    withinMs * 2,
  );
});
