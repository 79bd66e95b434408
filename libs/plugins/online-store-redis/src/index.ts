import type { OnlineStorePlugin } from '@slipway/plugin-kit';
import { parseConfig, type RedisConfig } from './config.ts';
import { RedisOnlineStore } from './redis-online-store.ts';

export { RedisOnlineStore } from './redis-online-store.ts';
export { type RedisConfig } from './config.ts';

/** Online store on one Redis or Valkey server (7 or later, not a cluster) that many services share. */
export const onlineStoreRedisPlugin: OnlineStorePlugin<RedisConfig> = {
  port: 'online-store',
  name: 'redis',
  apiVersion: 1,
  parseConfig,
  create: (config, dependencies) => new RedisOnlineStore(config, dependencies),
};
