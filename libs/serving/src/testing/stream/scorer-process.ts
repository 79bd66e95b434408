// A scorer in a process of its own that ends itself, as a kill would, at one step of one batch. Arguments: one JSON object.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { signedPackage } from '../constant-model.ts';
import { FakeRegistry } from '../fake-registry.ts';
import { TRUSTED_KEY } from '../serving-harness.ts';
import { sumModel } from '../sum-model.ts';
import { SqlitePredictionTables } from './sqlite-prediction-tables.ts';
import { startStreams } from './stream-harness.ts';

export interface ScorerProcessArguments {
  readonly directory: string;
  readonly table: string;
  readonly servers: string;
  /** Before the batch is published, when half of it is, or when all of it is and nothing acknowledged. */
  readonly killAt: 'before' | 'half' | 'after' | 'never';
  /** Batches that are published before that one. */
  readonly batches: number;
  /** Of this directory, from 1: an alias that was known before needs a newer revision. */
  readonly life: number;
}

const { directory, table, servers, killAt, batches, life } = JSON.parse(
  process.argv[2] ?? '',
) as ScorerProcessArguments;

function makeBus(): EventBus {
  const config = eventBusNatsPlugin.parseConfig({ servers });
  const ids = createIdSource(systemClock, seededRandom(1));
  const bus = eventBusNatsPlugin.create(config, {
    clock: systemClock,
    ids,
    log: silentLogger,
    dataDirectory: directory,
  });
  const publish = bus.publish.bind(bus);
  let published = 0;
  bus.publish = async (messages, signal) => {
    if (killAt === 'never' || published++ !== batches) return publish(messages, signal);
    const stored = { before: 0, half: Math.floor(messages.length / 2), after: messages.length }[killAt];
    await publish(messages.slice(0, stored), signal);
    await systemClock.sleep(50); // an acknowledgement that did not wait for this would be with the broker by then
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  return bus;
}

rmSync(join(directory, 'packages'), { recursive: true, force: true }); // each process signs with a key of its own
const registry = new FakeRegistry();
const identity = { workspace: 'default', model: 'm', version: 1 };
const features = ['request:a', 'request:b'];
registry.publish('m', 1, signedPackage(identity, sumModel(['a', 'b']), TRUSTED_KEY, { features }));
for (let earlier = 1; earlier < life; earlier += 1) registry.move('m', 'champion', 1);
const tables = new SqlitePredictionTables(table);
const { harness } = await startStreams({ directory, registry, makeBus, tables });
await harness.moveAndSettle('m', 1);
await harness.streams.createStream({ name: 's', model: 'm', table: 't', table_keys: ['id'], request_id: 'once' });
process.send?.('ready');
