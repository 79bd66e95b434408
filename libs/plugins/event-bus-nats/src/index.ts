import type { EventBusPlugin } from '@slipway/plugin-kit';
import { parseConfig, type NatsEventBusConfig } from './config.ts';
import { NatsEventBus } from './nats-event-bus.ts';

export { NatsEventBus } from './nats-event-bus.ts';
export { type NatsEventBusConfig } from './config.ts';

/** Event bus on NATS JetStream, for the features of server 2.9. */
export const eventBusNatsPlugin: EventBusPlugin<NatsEventBusConfig> = {
  port: 'event-bus',
  name: 'nats',
  apiVersion: 1,
  parseConfig,
  create: (config, dependencies) => new NatsEventBus(config, dependencies),
};
