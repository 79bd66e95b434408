import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { describeWith, startNats, type NatsServer } from '@slipway/testing';
import { afterEach, beforeEach } from 'vitest';
import { streamSuite } from './testing/stream/stream-suite.ts';

describeWith(['nats'], 'streams with a broker', () => {
  let server: NatsServer;
  beforeEach(async () => {
    server = await startNats();
  });
  afterEach(() => server.stop());

  streamSuite('NATS JetStream', () => {
    const ids = createIdSource(systemClock, seededRandom(1));
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: server.storeDirectory };
    return eventBusNatsPlugin.create(eventBusNatsPlugin.parseConfig({ servers: server.url }), dependencies);
  });
});
