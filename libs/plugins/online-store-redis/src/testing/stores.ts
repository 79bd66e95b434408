import {
  createIdSource,
  silentLogger,
  systemClock,
  systemRandom,
  type Logger,
  type OnlineStore,
} from '@slipway/plugin-kit';
import { onlineStoreRedisPlugin } from '../index.ts';

/** A store with the settings as a user writes them, not opened yet. */
export function storeWith(settings: Readonly<Record<string, unknown>>, log: Logger = silentLogger): OnlineStore {
  return onlineStoreRedisPlugin.create(onlineStoreRedisPlugin.parseConfig(settings), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log,
    dataDirectory: '/nonexistent', // it keeps nothing on this machine
  });
}
