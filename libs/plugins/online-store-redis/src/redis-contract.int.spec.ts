import { onlineStoreSuite } from '@slipway/plugin-kit/testing';
import { describeWith, startRedis, type RedisServer } from '@slipway/testing';
import { afterAll, beforeAll } from 'vitest';
import { storeWith } from './testing/stores.ts';

describeWith(['redis'], 'Redis', () => {
  let server: RedisServer;
  let storages = 0;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  onlineStoreSuite('redis', async () => {
    storages += 1;
    const settings = { address: server.address, keyPrefix: `suite-${storages}` };
    return { create: () => storeWith(settings), remove: async () => undefined };
  });
});
