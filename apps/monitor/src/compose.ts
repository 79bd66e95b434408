import { connectUpstream, createClient } from '@slipway/clients';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { readTrustedKeys } from '@slipway/model-package';
import { openMonitoring } from '@slipway/monitoring';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const registry = connectUpstream(config, 'registry');
  const monitoring = await openMonitoring(context, {
    bus,
    registry: createClient(registryService, registry.transport),
    trustedKeys: readTrustedKeys(config.get('monitoring.trusted-key-files')),
  });
  return {
    components: [driverComponent('event bus', bus), registry.component],
    modules: [monitoring.module, openPlatformServices(context, [monitoring.store])],
  };
}
