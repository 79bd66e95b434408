import { readFileSync } from 'node:fs';
import { createClient, grpcTransport } from '@slipway/clients';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
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
  const transport = grpcTransport({
    address: config.get('registry.address'),
    token: () => config.get('registry.token')?.reveal(),
  });
  const serving = await openServing(context, {
    bus,
    runtime: context.createDriver('model-runtime'),
    registry: createClient(registryService, transport),
    trustedKeys: config.get('serving.trusted-key-files').map((file) => readTrustedKey(readFileSync(file, 'utf8'))),
    version: manifest.version,
  });
  const registryConnection = {
    name: 'registry connection',
    start: () => Promise.resolve(),
    stop: () => transport.close(),
  };
  return {
    components: [driverComponent('event bus', bus), registryConnection],
    modules: [serving.module, openPlatformServices(context, [serving.store], 'inference')],
  };
}
