import { readFileSync } from 'node:fs';
import { createClient, grpcTransport, type ClientTransport } from '@slipway/clients';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { readTrustedKey } from '@slipway/model-package';
import { openMonitoring } from '@slipway/monitoring';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const registry = connectRegistry(config);
  const monitoring = await openMonitoring(context, {
    bus,
    registry: createClient(registryService, registry),
    trustedKeys: config.get('monitoring.trusted-key-files').map((file) => readTrustedKey(readFileSync(file, 'utf8'))),
  });
  return {
    components: [
      driverComponent('event bus', bus),
      { name: 'registry connection', start: () => Promise.resolve(), stop: () => registry.close() },
    ],
    modules: [monitoring.module, openPlatformServices(context, [monitoring.store])],
  };
}

/** Connects at the first call, so that services may start in any order. */
function connectRegistry(config: ProcessContext<typeof settings>['config']): ClientTransport {
  const authorities = config.get('registry.ca-file');
  return grpcTransport({
    address: config.get('registry.address'),
    token: () => config.get('registry.token')?.reveal(),
    ...(authorities !== undefined && { tls: { ca: readFileSync(authorities) } }),
  });
}
