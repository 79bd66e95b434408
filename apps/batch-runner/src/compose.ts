import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { openBatch } from '@slipway/batch';
import { connectUpstream, createClient, internalTransport } from '@slipway/clients';
import { batchService } from '@slipway/contracts/slipway.batch.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { launcherProcessPlugin } from '@slipway/launcher-process';
import { readTrustedKeys } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { openPlatformServices } from '@slipway/persistence';
import { openPipelines } from '@slipway/pipelines';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import type { settings } from './config.ts';

/** Every technology this service can be built on; what workers score with is in scoring-worker.ts. */
export const builtInPlugins = [
  eventBusNatsPlugin,
  eventBusSqlitePlugin,
  artifactsS3Plugin,
  artifactsLocalPlugin,
  launcherProcessPlugin,
  trainerLinearPlugin,
  modelRuntimeOnnxPlugin,
];

/** The program of the workers: its source when this runs from source, else what the bundler made of it. */
const workerModule = new URL(
  import.meta.url.endsWith('.ts') ? './scoring-worker.ts' : './scoring-worker.js',
  import.meta.url,
);

export async function compose(context: ProcessContext<typeof settings>): Promise<Composition> {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const artifacts = context.createDriver('artifact-store');
  const registry = connectUpstream(config, 'registry');
  const features = connectUpstream(config, 'features');
  const tracking = connectUpstream(config, 'tracking');
  const routing = config.get('routing.address') === undefined ? undefined : connectUpstream(config, 'routing');
  const trustedKeys = readTrustedKeys(config.get('batch.trusted-key-files'));
  const clients = {
    registry: createClient(registryService, registry.transport),
    features: createClient(featureStoreService, features.transport),
    featureOperations: createClient(operationService, features.transport),
  };
  const batch = await openBatch(context, {
    bus,
    artifacts,
    launcher: context.createDriver('launcher'),
    workerModule,
    ...clients,
    trustedKeys,
  });
  const pipelines = await openPipelines(context, {
    bus,
    artifacts,
    trainer: context.createDriver('trainer'),
    runtime: context.createDriver('model-runtime'),
    clients: {
      ...clients,
      tracking: createClient(trackingService, tracking.transport),
      batch: createClient(
        batchService,
        internalTransport(context, 'pipelines', [batch.module], ['service', 'pipelines']),
      ),
      ...(routing && { routing: createClient(routingService, routing.transport) }),
    },
    trustedKeys: () => trustedKeys,
  });
  const upstreams = [registry, features, tracking, ...(routing ? [routing] : [])];
  return {
    components: [
      driverComponent('event bus', bus),
      driverComponent('artifact store', artifacts),
      ...upstreams.map(({ component }) => component),
    ],
    modules: [batch.module, pipelines.module, openPlatformServices(context, [batch.store, pipelines.store])],
  };
}
