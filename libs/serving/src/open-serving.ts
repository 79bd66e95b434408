import { join } from 'node:path';
import type { TrustedKey } from '@slipway/model-package';
import { openServiceStore, type MetadataSettings, type ServiceStore } from '@slipway/persistence';
import { driverComponent, type Config, type ProcessContext, type ServiceModule } from '@slipway/platform';
import type { EventBus, ModelRuntime } from '@slipway/plugin-kit';
import { createServingService } from './create-serving-service.ts';
import type { RoutingCalls } from './rpc/assignment-source.ts';
import type { FeatureCalls } from './rpc/feature-store-source.ts';
import type { RegistryCalls } from './rpc/registry-source.ts';
import type { StoredPredictionCalls } from './rpc/stream/prediction-table-calls.ts';
import { readServingConfig, type servingSettings } from './serving-settings.ts';
import { servingEntities } from './store/slot-entity.ts';
import { servingMigrations } from './store/slot-table.ts';

export interface OpenedServing {
  readonly module: ServiceModule;
  /** For a process that scores streams and answers no calls: in place of `module`. */
  readonly streamModule: ServiceModule;
  readonly store: ServiceStore;
}

/** What serving is given; it opens and closes the runtime, the bus is shared. */
export interface ServingDrivers {
  readonly bus: EventBus;
  readonly runtime: ModelRuntime;
  /** A principal that may read every workspace and download versions. */
  readonly registry: RegistryCalls;
  /** A principal that may read online features and write predictions of every workspace. */
  readonly features: FeatureCalls & StoredPredictionCalls;
  /** A principal that may read the keys of the router; without it calls cannot bring assignments. */
  readonly routing?: RoutingCalls;
  /** Whose packages are loaded. */
  readonly trustedKeys: readonly TrustedKey[];
  /** Version of this software. */
  readonly version: string;
}

/** The serving service of a process: its database open and up to date, its parts ready to be started. */
export async function openServing<Known extends MetadataSettings & typeof servingSettings>(
  context: ProcessContext<Known>,
  { bus, runtime, registry, features, routing, trustedKeys, version }: ServingDrivers,
): Promise<OpenedServing> {
  const settings = context.config as unknown as Config<typeof servingSettings>; // one of more settings is one of these, too
  const config = readServingConfig((key) => settings.get(key));
  const { clock, ids, random, metrics } = context;
  const log = context.log.child({ module: 'serving' });
  const store = await openServiceStore(context, bus, 'serving', {
    entities: servingEntities,
    migrations: servingMigrations,
  });
  const { unitOfWork } = store;
  const service = createServingService({
    config,
    unitOfWork,
    bus,
    registry,
    features,
    tables: features,
    routing,
    runtime,
    trustedKeys,
    metrics,
    clock,
    ids,
    random,
    log,
    packageDirectory: join(context.dataDirectory, 'packages'),
    serverVersion: version,
  });
  const shared = {
    components: [...store.components, driverComponent('model runtime', runtime), ...service.components],
    isReady: () => {
      if (!store.isHealthy()) return { ready: false, reason: 'the database does not answer' } as const;
      return service.isReady() ? ({ ready: true } as const) : ({ ready: false, reason: 'models are loading' } as const);
    },
  };
  const { services, streamServices, http } = service;
  return {
    store,
    module: { ...shared, name: 'serving', listener: 'inference', services: [...services, ...streamServices], http },
    streamModule: { ...shared, name: 'streams', listener: 'grpc', services: streamServices },
  };
}
