import { createIdSource, silentLogger, systemClock, systemRandom, type OnlineStore } from '@slipway/plugin-kit';
import { onlineStoreLmdbPlugin } from '../index.ts';

/** A store over the directory with the settings as a user writes them, not opened yet. */
export function storeIn(dataDirectory: string, settings: Readonly<Record<string, unknown>> = {}): OnlineStore {
  return onlineStoreLmdbPlugin.create(onlineStoreLmdbPlugin.parseConfig(settings), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory,
  });
}
