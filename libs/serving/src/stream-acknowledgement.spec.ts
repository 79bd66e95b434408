import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { event, eventually, startStreams, withSumModel } from './testing/stream/stream-harness.ts';

/** Time in which an acknowledgement that waits for nothing would have been written. */
const SETTLED_MS = 100;

/** Results of streams are stored once `gate` resolves. */
const holdResults = (bus: EventBus, gate: Promise<void>, onHeld: () => void): EventBus => ({
  capabilities: bus.capabilities,
  open: (signal) => bus.open(signal),
  publish: async (messages, signal) => {
    if (messages.some(({ subject }) => subject.includes('.scored.'))) {
      onHeld();
      await gate;
    }
    return bus.publish(messages, signal);
  },
  subscribe: (options, handler) => bus.subscribe(options, handler),
  forget: (durable) => bus.forget(durable),
  head: () => bus.head(),
  isHealthy: () => bus.isHealthy(),
  close: () => bus.close(),
});

it('acknowledges no event before its result is stored', async () => {
  using directory = temporaryDirectory();
  const gate = Promise.withResolvers<void>();
  let held = 0;
  const makeBus = (): EventBus => {
    const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
      clock: systemClock,
      ids: createIdSource(systemClock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: directory.path,
    });
    return holdResults(bus, gate.promise, () => (held += 1));
  };
  const { harness } = await startStreams({ directory: directory.path, makeBus });
  const status = async () => (await harness.streams.getStream({ name: 's' })).stream?.status;
  try {
    await withSumModel(harness);
    await harness.streams.createStream({ name: 's', model: 'm' });
    await harness.streams.publishEvents({ stream: 's', events: [event('1', 'k', { a: 1, b: 1 })] });
    await eventually('a result on its way', () => held > 0);
    await systemClock.sleep(SETTLED_MS);
    expect(await status()).toMatchObject({ scored: '0', pending: '1' });
    gate.resolve();
    await eventually('the acknowledgement', async () => (await status())?.pending === '0');
    expect(await status()).toMatchObject({ scored: '1', redelivered: '0', dead_lettered: '0' });
  } finally {
    gate.resolve();
    await harness.stop();
  }
});
