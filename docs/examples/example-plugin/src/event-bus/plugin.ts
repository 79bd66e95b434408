import type { EventBusPlugin } from '@slipway/plugin-kit';
import { Settings } from '../settings.ts';
import { JsonLinesBus, type JsonLinesConfig } from './json-lines-bus.ts';

const MEBI = 1024 * 1024;

/**
 * Settings: `fsync` (false: what was acknowledged survives the end of the process; true: also loss of power), `messageBytesMax`, `bytesMax`
 * (all messages held, in memory; when it is reached publishing is refused until a durable has caught up), `deduplicationWindowMs` (also how
 * long a message that every durable has settled is kept for new durables).
 */
export const jsonLinesPlugin: EventBusPlugin<JsonLinesConfig> = {
  port: 'event-bus',
  name: 'json-lines',
  apiVersion: 1,
  parseConfig: (raw) => {
    const settings = new Settings(raw);
    const config = {
      fsync: settings.boolean('fsync', false),
      messageBytesMax: settings.whole('messageBytesMax', { min: 65_536, max: 8 * MEBI, otherwise: 896 * 1024 }),
      bytesMax: settings.whole('bytesMax', { min: 16 * MEBI, max: 1024 * MEBI, otherwise: 64 * MEBI }),
      deduplicationWindowMs: settings.whole('deduplicationWindowMs', {
        min: 1_000,
        max: 86_400_000,
        otherwise: 7_200_000,
      }),
    };
    settings.check();
    return config;
  },
  create: (config, dependencies) => new JsonLinesBus(config, dependencies),
};
