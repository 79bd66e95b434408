import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { openBatch } from '@slipway/batch';
import { createClient, internalTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { batchService, pipelineService } from '@slipway/contracts/slipway.batch.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService, webhookService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { predictionService, streamService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openFeatures } from '@slipway/features';
import { localBackend, openGateway } from '@slipway/gateway';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { launcherProcessPlugin } from '@slipway/launcher-process';
import { openMonitoring } from '@slipway/monitoring';
import { offlineStoreDuckdbPlugin } from '@slipway/offline-store-duckdb';
import { onlineStoreLmdbPlugin } from '@slipway/online-store-lmdb';
import { onlineStoreRedisPlugin } from '@slipway/online-store-redis';
import { openPlatformServices, operationsOf, type ServiceStore } from '@slipway/persistence';
import { openPipelines } from '@slipway/pipelines';
import {
  createGates,
  driverComponent,
  type Composition,
  type ProcessContext,
  type ServiceModule,
} from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import { openRegistry } from '@slipway/registry';
import { openRouting } from '@slipway/routing';
import { openServing } from '@slipway/serving';
import { openTracking } from '@slipway/tracking';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
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
  launcherProcessPlugin,
  trainerLinearPlugin,
];

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const bus = context.createDriver('event-bus');
  const artifacts = context.createDriver('artifact-store');
  const tracking = await openTracking(context, { bus, artifacts });
  const registry = await openRegistry(context, {
    bus,
    artifacts,
    gates: createGates(context),
    tracking: createClient(trackingService, internalTransport(context, 'registry', [tracking.module])),
  });

  const features = await openFeatures(context, {
    bus,
    artifacts,
    offline: context.createDriver('offline-store'),
    online: context.createDriver('online-store'),
  });

  const { trustedKey } = registry.signingKeys;
  const callRegistry = createClient(registryService, internalTransport(context, 'monitor', [registry.module]));
  const monitoring = await openMonitoring(context, { bus, registry: callRegistry, trustedKeys: [trustedKey] });

  const toRouter = internalTransport(context, 'experiment-router', [registry.module, monitoring.module]);
  const routing = await openRouting(context, {
    bus,
    registry: createClient(registryService, toRouter),
    monitor: createClient(monitorService, toRouter),
  });

  const toServing = internalTransport(context, 'serving', [registry.module, features.module, routing.module]);
  const serving = await openServing(context, {
    bus,
    runtime: context.createDriver('model-runtime'),
    registry: createClient(registryService, toServing),
    features: createClient(featureStoreService, toServing),
    routing: createClient(routingService, toServing),
    trustedKeys: [trustedKey],
    version: manifest.version,
  });

  const operations = { services: operationsOf(features.store) };
  const toBatch = internalTransport(context, 'batch-runner', [registry.module, features.module, operations]);
  const batch = await openBatch(context, {
    bus,
    artifacts,
    launcher: context.createDriver('launcher'),
    workerModule: new URL(`./scoring-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
    registry: createClient(registryService, toBatch),
    features: createClient(featureStoreService, toBatch),
    featureOperations: createClient(operationService, toBatch),
    trustedKeys: [trustedKey],
  });

  const stepServices = [registry, tracking, features, routing, batch].map(({ module }) => module);
  const toSteps = internalTransport(context, 'pipelines', [...stepServices, operations], ['service', 'pipelines']);
  const pipelines = await openPipelines(context, {
    bus,
    artifacts,
    trainer: context.createDriver('trainer'),
    runtime: context.createDriver('model-runtime'),
    clients: {
      features: createClient(featureStoreService, toSteps),
      featureOperations: createClient(operationService, toSteps),
      tracking: createClient(trackingService, toSteps),
      registry: createClient(registryService, toSteps),
      routing: createClient(routingService, toSteps),
      batch: createClient(batchService, toSteps),
    },
    trustedKeys: () => [trustedKey],
  });

  const parts = { registry, tracking, features, monitoring, routing, serving, batch, pipelines };
  return {
    components: [driverComponent('event bus', bus)],
    modules: [...Object.values(parts).map(({ module }) => module), ...openFront(context, bus, parts)],
  };
}

type Opened = Readonly<{ module: ServiceModule; store: ServiceStore }>;
type PartName = 'registry' | 'tracking' | 'features' | 'monitoring' | 'routing' | 'serving' | 'batch' | 'pipelines';

/** Audit log and long work of all services, and the gateway with each of them as a caller from outside would see it, in the order of the page. */
function openFront(
  context: ProcessContext<typeof settings>,
  bus: EventBus,
  parts: Readonly<Record<PartName, Opened>>,
): ServiceModule[] {
  const platform = openPlatformServices(
    context,
    Object.values(parts).map(({ store }) => store),
  );
  const backend = (name: PartName, services: Parameters<typeof localBackend>[2]) =>
    localBackend(name, parts[name].module, services, context.invokerDependencies);
  const backends = [
    backend('tracking', [trackingService]),
    backend('registry', [registryService, webhookService]),
    backend('serving', [predictionService, streamService, gRPCInferenceService]),
    backend('features', [featureStoreService]),
    backend('batch', [batchService]),
    backend('pipelines', [pipelineService]),
    backend('routing', [routingService]),
    backend('monitoring', [monitorService]),
    localBackend('platform', platform, [operationService, auditService], context.invokerDependencies),
  ];
  return [platform, openGateway(context, { bus, backends, version: manifest.version })];
}
