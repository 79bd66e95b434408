import type { EventBusPlugin } from '@slipway/plugin-kit';
import { parseConfig, type SqliteEventBusConfig } from './config.ts';
import { SqliteEventBus } from './sqlite-event-bus.ts';

export { SqliteEventBus } from './sqlite-event-bus.ts';
export { type SqliteEventBusConfig } from './config.ts';

/** Event bus in a SQLite file of the process: no server to run, one process only. */
export const eventBusSqlitePlugin: EventBusPlugin<SqliteEventBusConfig> = {
  port: 'event-bus',
  name: 'sqlite',
  apiVersion: 1,
  parseConfig,
  create: (config, dependencies) => new SqliteEventBus(config, dependencies),
};
