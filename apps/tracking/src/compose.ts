import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { openTracking } from '@slipway/tracking';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin, artifactsS3Plugin, artifactsLocalPlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const bus = context.createDriver('event-bus');
  const artifacts = context.createDriver('artifact-store');
  const tracking = await openTracking(context, { bus, artifacts });
  return {
    components: [driverComponent('event bus', bus), driverComponent('artifact store', artifacts)],
    modules: [tracking.module, openPlatformServices(context, [tracking.store])],
  };
}
