import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { createClient, inProcessTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { predictionService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openFeatures } from '@slipway/features';
import { localBackend, openGateway } from '@slipway/gateway';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { offlineStoreDuckdbPlugin } from '@slipway/offline-store-duckdb';
import { onlineStoreLmdbPlugin } from '@slipway/online-store-lmdb';
import { onlineStoreRedisPlugin } from '@slipway/online-store-redis';
import { openPlatformServices } from '@slipway/persistence';
import {
  createGates,
  createInvoker,
  driverComponent,
  internalCallers,
  type Composition,
  type ProcessContext,
} from '@slipway/platform';
import { openRegistry } from '@slipway/registry';
import { openServing } from '@slipway/serving';
import { openTracking } from '@slipway/tracking';
import manifest from '../package.json' with { type: 'json' };
import type { settings } from './config.ts';

/** Every technology the services of one process can be built on. */
export const builtInPlugins = [
  eventBusSqlitePlugin,
  eventBusNatsPlugin,
  artifactsLocalPlugin,
  artifactsS3Plugin,
  modelRuntimeOnnxPlugin,
  offlineStoreDuckdbPlugin,
  onlineStoreLmdbPlugin,
  onlineStoreRedisPlugin,
];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const bus = context.createDriver('event-bus');
  const artifacts = context.createDriver('artifact-store');
  const registry = await openRegistry(context, { bus, artifacts, gates: createGates(context) });
  const tracking = await openTracking(context, { bus, artifacts });

  const features = await openFeatures(context, {
    bus,
    artifacts,
    offline: context.createDriver('offline-store'),
    online: context.createDriver('online-store'),
  });

  // Between services of one process calls go through the same chain, without a socket and with a token that is valid here alone.
  const internal = internalCallers(context.random, 'serving');
  const invokers = [...registry.module.services, ...features.module.services].map((service) =>
    createInvoker(service, { ...context.invokerDependencies, resolveCaller: internal.resolveCaller }),
  );
  const transport = inProcessTransport({ invokers, clock: context.clock, token: () => internal.token });
  const serving = await openServing(context, {
    bus,
    runtime: context.createDriver('model-runtime'),
    registry: createClient(registryService, transport),
    features: createClient(featureStoreService, transport),
    trustedKeys: [registry.signingKeys.trustedKey],
    version: manifest.version,
  });
  const platform = openPlatformServices(context, [registry.store, serving.store, features.store, tracking.store]);
  const { invokerDependencies } = context;
  // what the gateway offers as JSON, in the order of the page: each service as a caller from outside would see it
  const backends = [
    localBackend('tracking', tracking.module, [trackingService], invokerDependencies),
    localBackend('registry', registry.module, [registryService], invokerDependencies),
    localBackend('serving', serving.module, [predictionService, gRPCInferenceService], invokerDependencies),
    localBackend('features', features.module, [featureStoreService], invokerDependencies),
    localBackend('platform', platform, [operationService, auditService], invokerDependencies),
  ];
  const gateway = openGateway(context, { bus, backends, version: manifest.version });
  return {
    components: [driverComponent('event bus', bus)],
    modules: [registry.module, tracking.module, features.module, serving.module, platform, gateway],
  };
}
