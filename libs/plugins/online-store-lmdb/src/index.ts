import type { OnlineStorePlugin } from '@slipway/plugin-kit';
import { parseConfig, type LmdbConfig } from './config.ts';
import { LmdbOnlineStore } from './lmdb-online-store.ts';

export { LmdbOnlineStore } from './lmdb-online-store.ts';
export { type LmdbConfig } from './config.ts';

/** Online store in an LMDB file of this machine: no server to run; several processes may share the directory. */
export const onlineStoreLmdbPlugin: OnlineStorePlugin<LmdbConfig> = {
  port: 'online-store',
  name: 'lmdb',
  apiVersion: 1,
  parseConfig,
  create: (config, dependencies) => new LmdbOnlineStore(config, dependencies),
};
