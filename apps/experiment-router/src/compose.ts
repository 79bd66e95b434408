import { connectUpstream, createClient } from '@slipway/clients';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { openRouting } from '@slipway/routing';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const registry = connectUpstream(config, 'registry');
  const monitor = connectUpstream(config, 'monitor');
  const routing = await openRouting(context, {
    bus,
    registry: createClient(registryService, registry.transport),
    monitor: createClient(monitorService, monitor.transport),
  });
  return {
    components: [driverComponent('event bus', bus), registry.component, monitor.component],
    modules: [routing.module, openPlatformServices(context, [routing.store])],
  };
}
