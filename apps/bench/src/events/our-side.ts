import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import type { EventBus, Subscription } from '@slipway/plugin-kit';
import { WINDOW, type BusPlan, type BusSide, type Payload } from './bus-plan.ts';

const SUBJECT = 'slipway.v1.default.bench.message.sent';
const { signal } = new AbortController();

/** Our driver through its port: durable consumer, order per key, one acknowledgement for each message. */
export async function openOurSide({ driver, directory, url }: Extract<BusPlan, { driver: string }>): Promise<BusSide> {
  const dependencies = {
    clock: systemClock,
    log: silentLogger,
    dataDirectory: directory,
    ids: createIdSource(systemClock, systemRandom),
  };
  const bus: EventBus =
    driver === 'sqlite'
      ? eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), dependencies)
      : eventBusNatsPlugin.create(
          eventBusNatsPlugin.parseConfig({ servers: url, publishWindow: WINDOW }),
          dependencies,
        );
  await bus.open(signal);
  return {
    publish: async (messages) => {
      // twice the window in one call: the bus itself keeps no more than its window open
      const size = driver === 'nats' ? messages.length : WINDOW;
      for (let from = 0; from < messages.length; from += size)
        await bus.publish(messages.slice(from, from + size).map(toBus), signal);
    },
    consume: (messages) => consume(bus, messages),
    close: () => bus.close(),
  };
}

const toBus = ({ id, key, data }: Payload) => ({ subject: `${SUBJECT}.${key}`, id, key, data, headers: {} });

async function consume(bus: EventBus, messages: number): Promise<void> {
  const all = Promise.withResolvers<void>();
  let seen = 0;
  const subscription: Subscription = await bus.subscribe(
    {
      durable: 'bench',
      subject: `${SUBJECT}.>`,
      from: 'beginning',
      ackWaitMs: 30_000,
      deliveriesMax: 5,
      backoffMs: [100],
      inFlightMax: WINDOW,
      handlerTimeoutMs: 30_000,
      deadLetter: (delivery) => ({ ...delivery, id: `dead-${delivery.id}` }),
    },
    async () => {
      if ((seen += 1) === messages) all.resolve();
    },
  );
  await all.promise;
  await subscription.drain(); // the acknowledgements are durable now
}
