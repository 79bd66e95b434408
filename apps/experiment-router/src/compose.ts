import { readFileSync } from 'node:fs';
import { createClient, grpcTransport, type ClientTransport } from '@slipway/clients';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import type { Component } from '@slipway/kernel';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { openRouting } from '@slipway/routing';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const registry = connect(config, 'registry');
  const monitor = connect(config, 'monitor');
  const routing = await openRouting(context, {
    bus,
    registry: createClient(registryService, registry),
    monitor: createClient(monitorService, monitor),
  });
  return {
    components: [
      driverComponent('event bus', bus),
      connection('registry connection', registry),
      connection('monitor connection', monitor),
    ],
    modules: [routing.module, openPlatformServices(context, [routing.store])],
  };
}

/** Connects at the first call, so that services may start in any order. */
function connect(config: ProcessContext<typeof settings>['config'], service: 'registry' | 'monitor'): ClientTransport {
  const authorities = config.get(`${service}.ca-file`);
  return grpcTransport({
    address: config.get(`${service}.address`),
    token: () => config.get(`${service}.token`)?.reveal(),
    ...(authorities !== undefined && { tls: { ca: readFileSync(authorities) } }),
  });
}

const connection = (name: string, transport: ClientTransport): Component => ({
  name,
  start: () => Promise.resolve(),
  stop: () => transport.close(),
});
