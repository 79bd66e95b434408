import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { eventBusSuite } from '@slipway/plugin-kit/testing';
import { describeWith, startNats, type NatsServer } from '@slipway/testing';
import { afterAll, beforeAll } from 'vitest';
import { eventBusNatsPlugin } from './index.ts';

describeWith(['nats'], 'NATS JetStream', () => {
  let server: NatsServer;
  let storages = 0;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server?.stop());

  eventBusSuite('nats', async () => {
    // Each test has the same subjects in a stream of its own, so the stream before must be gone.
    storages += 1;
    const config = eventBusNatsPlugin.parseConfig({ servers: server.url, stream: `SUITE_${storages}` });
    const open = async () => {
      const bus = eventBusNatsPlugin.create(config, {
        clock: systemClock,
        ids: createIdSource(systemClock, seededRandom(1)),
        log: silentLogger,
        dataDirectory: server.storeDirectory,
      });
      await bus.open(AbortSignal.timeout(5_000));
      return bus;
    };
    return { open, remove: () => removeStream(server.url, config.stream) };
  });
});

async function removeStream(url: string, stream: string): Promise<void> {
  const { connect } = await import('@nats-io/transport-node');
  const { jetstreamManager } = await import('@nats-io/jetstream');
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(stream);
  await connection.close();
}
