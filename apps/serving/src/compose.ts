import { readFileSync } from 'node:fs';
import { createClient, grpcTransport, type ClientTransport } from '@slipway/clients';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import type { Component } from '@slipway/kernel';
import { readTrustedKey } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { openServing } from '@slipway/serving';
import manifest from '../package.json' with { type: 'json' };
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin, modelRuntimeOnnxPlugin];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const registry = connect(config, 'registry', config.get('registry.address'));
  const features = connect(config, 'features', config.get('features.address'));
  const router = config.get('routing.address');
  const routing = router === undefined ? undefined : connect(config, 'routing', router);
  const serving = await openServing(context, {
    bus,
    runtime: context.createDriver('model-runtime'),
    registry: createClient(registryService, registry),
    features: createClient(featureStoreService, features),
    ...(routing && { routing: createClient(routingService, routing) }),
    trustedKeys: config.get('serving.trusted-key-files').map((file) => readTrustedKey(readFileSync(file, 'utf8'))),
    version: manifest.version,
  });
  return {
    components: [
      driverComponent('event bus', bus),
      connection('registry connection', registry),
      connection('feature store connection', features),
      ...(routing ? [connection('router connection', routing)] : []),
    ],
    modules: [serving.module, openPlatformServices(context, [serving.store], 'inference')],
  };
}

/** Connects at the first call, so that services may start in any order. */
function connect(
  config: ProcessContext<typeof settings>['config'],
  service: 'registry' | 'features' | 'routing',
  address: string,
): ClientTransport {
  const authorities = config.get(`${service}.ca-file`);
  return grpcTransport({
    address,
    token: () => config.get(`${service}.token`)?.reveal(),
    ...(authorities !== undefined && { tls: { ca: readFileSync(authorities) } }),
  });
}

const connection = (name: string, transport: ClientTransport): Component => ({
  name,
  start: () => Promise.resolve(),
  stop: () => transport.close(),
});
