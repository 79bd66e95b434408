import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openFeatures } from '@slipway/features';
import { offlineStoreDuckdbPlugin } from '@slipway/offline-store-duckdb';
import { onlineStoreLmdbPlugin } from '@slipway/online-store-lmdb';
import { onlineStoreRedisPlugin } from '@slipway/online-store-redis';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [
  eventBusNatsPlugin,
  eventBusSqlitePlugin,
  artifactsS3Plugin,
  artifactsLocalPlugin,
  offlineStoreDuckdbPlugin,
  onlineStoreLmdbPlugin,
  onlineStoreRedisPlugin,
];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const bus = context.createDriver('event-bus');
  const artifacts = context.createDriver('artifact-store');
  const features = await openFeatures(context, {
    bus,
    artifacts,
    offline: context.createDriver('offline-store'),
    online: context.createDriver('online-store'),
  });
  return {
    components: [driverComponent('event bus', bus), driverComponent('artifact store', artifacts)],
    modules: [features.module, openPlatformServices(context, [features.store])],
  };
}
