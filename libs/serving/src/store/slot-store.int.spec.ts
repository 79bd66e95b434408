import { describeWith, startPostgres, type PostgresServer } from '@slipway/testing';
import { afterAll, beforeAll } from 'vitest';
import { slotStoreSuite } from '../testing/slot-store-suite.ts';
import { sqlSlotStoreUnderTest } from '../testing/sql-slot-store-under-test.ts';

describeWith(['postgresql'], 'slots on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  slotStoreSuite('PostgreSQL', async () => {
    const url = await server.createDatabase();
    return sqlSlotStoreUnderTest({ driver: 'postgresql', url, schema: 'serving', poolMax: 4 });
  });
});
