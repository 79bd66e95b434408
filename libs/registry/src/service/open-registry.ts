import { join } from 'node:path';
import { openServiceStore, type MetadataSettings, type ServiceStore } from '@slipway/persistence';
import { driverComponent, type Config, type ProcessContext, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore, EventBus, Gate } from '@slipway/plugin-kit';
import { registryEntities } from '../store/entities.ts';
import { registryMigrations } from '../store/migrations/registry-migrations.ts';
import { createRegistryService } from './create-registry-service.ts';
import { readRegistryLimits, type registrySettings } from './registry-settings.ts';
import { loadSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface OpenedRegistry {
  readonly module: ServiceModule;
  readonly store: ServiceStore;
  readonly signingKeys: SigningKeys;
}

/** Drivers the registry is given; it opens and closes the artifact store, the bus is shared. */
export interface RegistryDrivers {
  readonly bus: EventBus;
  readonly artifacts: ArtifactStore;
  /** By the name that policies use; `metric` is built in. */
  readonly gates: ReadonlyMap<string, Gate>;
}

/** The registry of a process: its database open and up to date, its key loaded, its parts ready to be started. */
export async function openRegistry<Known extends MetadataSettings & typeof registrySettings>(
  context: ProcessContext<Known>,
  { bus, artifacts, gates }: RegistryDrivers,
): Promise<OpenedRegistry> {
  const config = context.config as unknown as Config<typeof registrySettings>; // one of more settings is one of these, too
  const { clock, ids } = context;
  const log = context.log.child({ module: 'registry' });
  const configuredKey = config.get('registry.signing-key-file');
  const signingKeys = await loadSigningKeys({
    file: configuredKey ?? join(context.dataDirectory, 'keys', 'registry.pem'),
    createIfAbsent: configuredKey === undefined,
  });
  const store = await openServiceStore(context, bus, 'registry', {
    entities: registryEntities,
    migrations: registryMigrations,
  });
  const limits = readRegistryLimits((key) => config.get(key));
  const service = createRegistryService({
    unitOfWork: store.unitOfWork,
    artifacts,
    gates,
    signingKeys,
    clock,
    ids,
    log,
    limits,
  });
  return {
    ...{ store, signingKeys },
    module: {
      ...service,
      components: [...store.components, driverComponent('artifact store', artifacts), ...service.components],
      isReady: () => (store.isHealthy() ? service.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
