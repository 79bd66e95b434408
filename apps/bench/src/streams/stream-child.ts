import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { answerParent } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { percentileOf } from '../measure/spread.ts';
import { passOn } from './bare-consumer.ts';
import { eventsOf, publishAll } from './events.ts';
import type { LatencyMeasure, StreamPlan } from './stream-plan.ts';
import { startStreamServer, type StreamServer } from './stream-server.ts';

const LOOK_MS = 2;
/** A call sorts latencies and asks the database: it would slow down what is measured. */
const LOOKS_BETWEEN_CALLS = 500;
const TICK_MS = 2;
/** Of the load, before latencies count: what a new stream does first is not what it does for the rest of its life. */
const WARM_UP_SHARE = 0.25;
const { signal } = new AbortController();
let measurements = 0;

function newDirectory(parent: string): string {
  const directory = join(parent, `${(measurements += 1)}`);
  mkdirSync(directory);
  return directory;
}

async function openBus(directory: string, opened: Opened): Promise<EventBus> {
  const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: directory,
  });
  await bus.open(signal);
  opened.onEnd(() => bus.close());
  return bus;
}

async function workOff({ side, events, seed, directory }: Extract<StreamPlan, { side: string }>): Promise<number> {
  await using opened = new Opened();
  const own = newDirectory(directory);
  const bus = await openBus(own, opened);
  await publishAll(bus, eventsOf(seededRandom(seed + measurements), 0, events), signal);
  const server = side === 'ours' ? await startStreamServer(bus, own, opened) : undefined;
  const began = performance.now();
  if (server) {
    await server.begin(true);
    await untilScored(server, events);
  } else await passOn(bus, events, signal);
  return events / ((performance.now() - began) / 1000);
}

/** Until every event has its result and is acknowledged. @throws {Error} when one became a dead letter. */
async function untilScored(server: StreamServer, events: number): Promise<void> {
  for (let looks = 0; ; looks += 1) {
    if (server.scored() >= events || looks % LOOKS_BETWEEN_CALLS === LOOKS_BETWEEN_CALLS - 1) {
      const { scored, pending, deadLettered } = await server.progress();
      if (deadLettered > 0) throw new Error(`${deadLettered} events could not be scored`);
      if (scored >= events && pending === 0) return;
    }
    await systemClock.sleep(LOOK_MS);
  }
}

/** Open loop: what is late is published all the same, at the next tick. */
async function load({
  perSecond,
  seconds,
  seed,
  directory,
}: Extract<StreamPlan, { perSecond: number }>): Promise<LatencyMeasure> {
  await using opened = new Opened();
  const own = newDirectory(directory);
  const bus = await openBus(own, opened);
  const server = await startStreamServer(bus, own, opened);
  await server.begin(false);
  const total = Math.floor(perSecond * seconds);
  const warmUp = Math.floor(total * WARM_UP_SHARE);
  const events = eventsOf(seededRandom(seed + measurements), 0, total);
  const publishing: Promise<unknown>[] = [];
  const began = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) / 1000) * perSecond));
    if (due > sent) publishing.push(bus.publish(events.slice(sent, due), signal));
    sent = due;
    await systemClock.sleep(TICK_MS);
  }
  await Promise.all(publishing);
  await untilScored(server, total);
  const latencies = Float64Array.from(server.takeLatencies().slice(warmUp)).sort();
  return { p50: percentileOf(latencies, 0.5), p99: percentileOf(latencies, 0.99), events: latencies.length };
}

answerParent(async (plan: StreamPlan) => ('side' in plan ? workOff(plan) : load(plan)));
