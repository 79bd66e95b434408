import { join } from 'node:path';
import {
  openServiceStore,
  type MetadataSettings,
  type OperationRunnerOptions,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import type { Config, ProcessContext, ServiceModule } from '@slipway/platform';
import type { ArtifactStore, EventBus, OfflineStore, OnlineStore } from '@slipway/plugin-kit';
import type { FeatureStep } from '../domain/dependencies.ts';
import { featureEntities } from '../store/entities.ts';
import { featureMigrations } from '../store/migrations/feature-migrations.ts';
import { createFeaturesService } from './create-features-service.ts';
import { readFeatureLimits, type featuresSettings } from './features-settings.ts';

/** What the feature store is given. It opens and closes engine and online store; artifact store and bus are shared and their maker's. */
export interface FeatureDrivers {
  readonly bus: EventBus;
  readonly artifacts: ArtifactStore;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
}

export interface OpenedFeatures {
  readonly module: ServiceModule;
  /** With the runner of its long work, which `openPlatformServices` starts and stops. */
  readonly store: ServiceStore;
}

/** For kill tests. */
export interface FeatureHooks {
  readonly store?: ServiceStoreHooks;
  readonly atStep?: (step: FeatureStep) => void;
  readonly operations?: Pick<OperationRunnerOptions, 'leaseMs' | 'pollMs'>;
}

/** The feature store of a process: its database open and up to date, its parts ready to be started. */
export async function openFeatures<Known extends MetadataSettings & typeof featuresSettings>(
  context: ProcessContext<Known>,
  { bus, ...drivers }: FeatureDrivers,
  { store: storeHooks, ...hooks }: FeatureHooks = {},
): Promise<OpenedFeatures> {
  const config = context.config as unknown as Config<typeof featuresSettings>; // one of more settings is one of these, too
  const { clock, ids } = context;
  const log = context.log.child({ module: 'features' });
  const limits = readFeatureLimits((key) => config.get(key));
  const schema = { entities: featureEntities, migrations: featureMigrations };
  const store = await openServiceStore(context, bus, 'features', schema, storeHooks);
  const directory = join(context.dataDirectory, 'features');
  const { module, operations } = createFeaturesService({
    store,
    ...drivers,
    directory,
    clock,
    ids,
    log,
    limits,
    ...hooks,
  });
  return {
    store: { ...store, operations },
    module: {
      ...module,
      components: [...store.components, ...module.components],
      isReady: () => (store.isHealthy() ? module.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
