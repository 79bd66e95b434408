import { join, resolve } from 'node:path';
import { systemRandom } from '@slipway/kernel';
import {
  openServiceStore,
  type MetadataSettings,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import { driverComponent, type Config, type ProcessContext, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore, EventBus, Gate } from '@slipway/plugin-kit';
import { registryEntities } from '../store/entities.ts';
import { registryMigrations } from '../store/migrations/registry-migrations.ts';
import { trackingSourceFiles, type TrackingCalls } from '../rpc/tracking-source-files.ts';
import { createRegistryService } from './create-registry-service.ts';
import { readRegistryLimits, type registrySettings } from './registry-settings.ts';
import { loadSigningKeys, type SigningKeys } from './signing-keys.ts';
import { loadWebhookKey } from './webhook-key.ts';
import { readWebhookLimits } from './webhooks/webhook-settings.ts';

/** What the registry is given; it opens and closes the artifact store, the bus is shared. */
export interface RegistryDrivers {
  readonly bus: EventBus;
  readonly artifacts: ArtifactStore;
  /** Gates besides `metric`, by the name that policies use. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** Files of runs become versions through it; without it such sources are refused. */
  readonly tracking?: TrackingCalls;
}

export interface OpenedRegistry {
  readonly module: ServiceModule;
  /** Whoever loads packages has to trust its public half. */
  readonly signingKeys: SigningKeys;
  readonly store: ServiceStore;
}

/**
 * The registry of a process: its database open and up to date, its key there, its parts ready to be started.
 * @throws {Error} naming the file when the configured signing key is absent.
 */
export async function openRegistry<Known extends MetadataSettings & typeof registrySettings>(
  context: ProcessContext<Known>,
  { bus, artifacts, gates, tracking }: RegistryDrivers,
  hooks: ServiceStoreHooks = {},
): Promise<OpenedRegistry> {
  const config = context.config as unknown as Config<typeof registrySettings>; // one of more settings is one of these, too
  const { clock, ids, dataDirectory } = context;
  const log = context.log.child({ module: 'registry' });
  const signingKeys = await loadSigningKeys(
    keyFile(config.get('registry.signing-key-file'), dataDirectory, 'registry.pem'),
  );
  log.info({ keyId: signingKeys.signingKey.keyId, publicKeyFile: signingKeys.publicKeyFile }, 'packages are signed');
  const schema = { entities: registryEntities, migrations: registryMigrations };
  const store = await openServiceStore(context, bus, 'registry', schema, hooks);
  const limits = readRegistryLimits((key) => config.get(key));
  const webhookKeyFile = keyFile(config.get('registry.webhook-key-file'), dataDirectory, 'registry-webhooks.key');
  const webhooks = {
    key: await loadWebhookKey(webhookKeyFile, systemRandom),
    limits: readWebhookLimits((key) => config.get(key)),
    allowedHosts: config.get('registry.webhook-allowed-hosts'),
    random: systemRandom,
  };
  const { unitOfWork } = store;
  const service = createRegistryService({
    unitOfWork,
    artifacts,
    gates,
    signingKeys,
    clock,
    ids,
    log,
    limits,
    webhooks,
    ...(tracking && { sources: trackingSourceFiles(tracking) }),
  });
  return {
    signingKeys,
    store,
    module: {
      ...service,
      components: [...store.components, driverComponent('artifact store', artifacts), ...service.components],
      isReady: () => (store.isHealthy() ? service.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}

const keyFile = (configured: string | undefined, dataDirectory: string, name: string) =>
  configured === undefined
    ? { file: join(dataDirectory, 'keys', name), createIfAbsent: true }
    : { file: resolve(configured), createIfAbsent: false };
