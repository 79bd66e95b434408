import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { connectUpstream, createClient } from '@slipway/clients';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';

import { openPlatformServices } from '@slipway/persistence';
import { createGates, driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { openRegistry } from '@slipway/registry';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin, artifactsS3Plugin, artifactsLocalPlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const bus = context.createDriver('event-bus');
  const { config } = context;
  const tracking = config.get('tracking.address') === undefined ? undefined : connectUpstream(config, 'tracking');
  const registry = await openRegistry(context, {
    bus,
    artifacts: context.createDriver('artifact-store'),
    gates: createGates(context),
    ...(tracking && { tracking: createClient(trackingService, tracking.transport) }),
  });
  return {
    components: [driverComponent('event bus', bus), ...(tracking ? [tracking.component] : [])],
    modules: [registry.module, openPlatformServices(context, [registry.store])],
  };
}
