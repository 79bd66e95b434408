import { join } from 'node:path';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { openLedger } from './ledger.ts';
import { stepKiller, type KillOrder } from './step-killer.ts';

/** What the consumer's process is told, as JSON in its only argument. */
export interface LedgerOrder {
  readonly directory: string;
  /** The broker, or the directory of an embedded log that nobody else has open. */
  readonly bus: { readonly nats: string } | { readonly sqlite: string };
  readonly kill?: KillOrder;
}

const order = JSON.parse(process.argv[2] ?? '') as LedgerOrder;
const random = systemRandom;
const parts = { clock: systemClock, ids: createIdSource(systemClock, random), log: silentLogger };
const { directory } = order;

function createBus(): EventBus {
  if ('nats' in order.bus) {
    const config = eventBusNatsPlugin.parseConfig({ servers: order.bus.nats });
    return eventBusNatsPlugin.create(config, { ...parts, dataDirectory: directory });
  }
  return eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
    ...parts,
    dataDirectory: order.bus.sqlite,
  });
}

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
const bus = createBus();
await bus.open(AbortSignal.timeout(60_000));
const atStep = stepKiller(order.kill, join(directory, 'killed-at.log'));
const ledger = await openLedger({ ...parts, bus, directory, random, atStep });
await ledger.start(stopping.signal);
process.stdout.write('consuming\n');
await systemClock.sleep(3_600_000, stopping.signal).catch(() => undefined); // aborted: the order to end
await ledger.stop();
await bus.close();
