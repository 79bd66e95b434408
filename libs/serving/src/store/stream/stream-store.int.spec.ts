import { describeWith, startPostgres, type PostgresServer } from '@slipway/testing';
import { afterAll, beforeAll } from 'vitest';
import { streamStoreSuite } from '../../testing/stream/stream-store-suite.ts';

describeWith(['postgresql'], 'streams on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  streamStoreSuite('PostgreSQL', async () => ({
    driver: 'postgresql',
    url: await server.createDatabase(),
    schema: 'serving',
    poolMax: 4,
  }));
});
