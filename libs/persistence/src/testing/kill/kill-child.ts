import { writeSync } from 'node:fs';
import { SqliteEventBus, eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { openShop } from './shop.ts';
import type { KillOrder } from './kill-order.ts';

// Ends itself with SIGKILL at the step that it was told; otherwise sells until it is killed, or finishes what others left.
const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
let passes = 0;
const atStep = (step: string): void => {
  if (step === order.step && (passes += 1) === order.pass) process.kill(process.pid, 'SIGKILL');
};
const random = seededRandom(order.seed);
const bus = new SqliteEventBus(eventBusSqlitePlugin.parseConfig({}), {
  clock: systemClock,
  ids: createIdSource(systemClock, random),
  log: silentLogger,
  dataDirectory: order.directory,
});
const signal = new AbortController().signal;
await bus.open(signal);
const shop = await openShop({
  writer: { driver: 'sqlite', file: `${order.directory}/writer.db` },
  reader: { driver: 'sqlite', file: `${order.directory}/reader.db` },
  bus,
  seed: order.seed,
  atStep,
});
if (order.work === 'sell') {
  for (let index = 0; index < 2_000; index += 1) {
    const name = `${order.round}-${index}`;
    await shop.sell(name);
    writeSync(1, `${name}\n`); // acknowledged: from here on it must never be lost
  }
} else {
  await shop.relay.flush(signal);
  const end = performance.now() + 20_000;
  const pending = (): bigint | undefined => shop.consumer.status().subscription?.pending;
  while (pending() !== 0n && performance.now() < end) await systemClock.sleep(10);
}
await shop.close();
await bus.close();
