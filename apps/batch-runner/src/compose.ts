import { readFileSync } from 'node:fs';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { artifactsS3Plugin } from '@slipway/artifacts-s3';
import { openBatch } from '@slipway/batch';
import { connectUpstream, createClient } from '@slipway/clients';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { launcherProcessPlugin } from '@slipway/launcher-process';
import { readTrustedKey } from '@slipway/model-package';
import { openPlatformServices } from '@slipway/persistence';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import type { settings } from './config.ts';

/** Every technology this service can be built on; what workers score with is in scoring-worker.ts. */
export const builtInPlugins = [
  eventBusNatsPlugin,
  eventBusSqlitePlugin,
  artifactsS3Plugin,
  artifactsLocalPlugin,
  launcherProcessPlugin,
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
  const batch = await openBatch(context, {
    bus,
    artifacts,
    launcher: context.createDriver('launcher'),
    workerModule,
    registry: createClient(registryService, registry.transport),
    features: createClient(featureStoreService, features.transport),
    featureOperations: createClient(operationService, features.transport),
    trustedKeys: config.get('batch.trusted-key-files').map((file) => readTrustedKey(readFileSync(file, 'utf8'))),
  });
  return {
    components: [
      driverComponent('event bus', bus),
      driverComponent('artifact store', artifacts),
      registry.component,
      features.component,
    ],
    modules: [batch.module, openPlatformServices(context, [batch.store])],
  };
}
