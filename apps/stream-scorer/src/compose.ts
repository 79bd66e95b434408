import { connectUpstream, createClient } from '@slipway/clients';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { readTrustedKeys } from '@slipway/model-package';
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
  const registry = connectUpstream(config, 'registry');
  const features = connectUpstream(config, 'features');
  const serving = await openServing(context, {
    bus,
    runtime: context.createDriver('model-runtime'),
    registry: createClient(registryService, registry.transport),
    features: createClient(featureStoreService, features.transport),
    trustedKeys: readTrustedKeys(config.get('serving.trusted-key-files')),
    version: manifest.version,
  });
  return {
    components: [driverComponent('event bus', bus), registry.component, features.component],
    modules: [serving.streamModule, openPlatformServices(context, [serving.store])],
  };
}
