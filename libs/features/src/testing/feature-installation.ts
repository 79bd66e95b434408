import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { operationService, type Operation__Output, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService, type FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type Caller, type Clock } from '@slipway/kernel';
import { createPlatformServices } from '@slipway/persistence';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import { offlineStoreDuckdbPlugin } from '@slipway/offline-store-duckdb';
import { onlineStoreLmdbPlugin } from '@slipway/online-store-lmdb';
import type { CommitStep, Database, DatabaseTarget } from '@slipway/persistence';
import type { ArtifactStore, OnlineStore } from '@slipway/plugin-kit';
import { DEFAULT_LIMITS, type FeatureLimits } from '../domain/limits.ts';
import { createFeaturesService, type FeaturesServiceOptions } from '../service/create-features-service.ts';
import { featureEntities } from '../store/entities.ts';
import { featureMigrations } from '../store/migrations/feature-migrations.ts';

export interface FeatureInstallation {
  readonly features: Client<FeatureStoreService>;
  readonly operations: Client<OperationService>;
  /** What the service works with, to look behind its contract. */
  readonly artifacts: ArtifactStore;
  readonly online: OnlineStore;
  readonly database: Database;
  /** The same for another workspace or principal. */
  connect(workspace: string, principal?: string): Client<FeatureStoreService>;
  /** @throws {Error} with its error when the operation does not succeed. */
  finished(operation: { readonly id?: string } | null | undefined): Promise<Operation__Output>;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly limits?: Partial<FeatureLimits>;
  readonly clock?: Clock;
  readonly hooks?: Pick<FeaturesServiceOptions, 'atStep' | 'operations'> & {
    readonly atCommitStep?: (step: CommitStep) => void;
  };
  readonly seed?: number;
  readonly mapSizeMebibytes?: number;
}

const callerOf = (workspace: string, principal: string): Caller => ({
  principal,
  workspace,
  allWorkspaces: false,
  permissions: new Set(['*']),
});

/** The whole service with real drivers in a directory: DuckDB, LMDB, artifacts on disk; calls go through the chain that every call goes through. */
export async function startFeatures(options: InstallationOptions): Promise<FeatureInstallation> {
  const { directory, target, clock = systemClock } = options;
  const ids = createIdSource(systemClock, seededRandom(options.seed ?? 1));
  const shared = { clock, ids, log: silentLogger };
  const folder = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const { database, unitOfWork } = await openTestDatabase(target, {
    entities: featureEntities,
    migrations: featureMigrations,
    clock,
    seed: options.seed ?? 1,
    ...(options.hooks?.atCommitStep ? { atStep: options.hooks.atCommitStep } : {}),
  });
  const artifacts = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
    ...shared,
    dataDirectory: folder('artifacts'),
  });
  await artifacts.open(AbortSignal.timeout(10_000));
  const lmdb = onlineStoreLmdbPlugin.parseConfig({ mapSizeMebibytes: options.mapSizeMebibytes ?? 64 });
  const online = onlineStoreLmdbPlugin.create(lmdb, { ...shared, dataDirectory: folder('lmdb') });
  const { module, operations } = createFeaturesService({
    ...shared,
    store: { database, unitOfWork },
    artifacts,
    offline: offlineStoreDuckdbPlugin.create(offlineStoreDuckdbPlugin.parseConfig({}), {
      ...shared,
      dataDirectory: folder('duckdb'),
    }),
    online,
    directory: folder('features'),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ...options.hooks,
  });
  const components = [...module.components, operations];
  for (const component of components) await component.start(AbortSignal.timeout(10_000));
  const services = [...module.services, ...createPlatformServices(new Map([['features', { database, operations }]]))];
  const transportOf = (workspace: string, principal: string) => {
    const metrics = { started: () => undefined, finished: () => undefined };
    const resolveCaller = () => Promise.resolve(callerOf(workspace, principal));
    const invokers = services.map((service) => createInvoker(service, { ...shared, metrics, resolveCaller }));
    return inProcessTransport({ invokers, clock: systemClock, token: () => 'any' });
  };
  const watcher = createClient(operationService, transportOf('default', 'alice'));
  return {
    features: createClient(featureStoreService, transportOf('default', 'alice')),
    operations: watcher,
    artifacts,
    online,
    database,
    connect: (workspace, principal = 'alice') => createClient(featureStoreService, transportOf(workspace, principal)),
    finished: (operation) => finished(watcher, operation?.id ?? ''),
    stop: async () => {
      for (const component of components.toReversed()) await component.stop();
      await artifacts.close();
      await database.close();
    },
  };
}

async function finished(operations: Client<OperationService>, id: string): Promise<Operation__Output> {
  let last: Operation__Output | undefined;
  for await (const { operation } of operations.watchOperation({ id })) last = operation ?? last;
  if (last?.state === 'OPERATION_STATE_SUCCEEDED') return last;
  throw new Error(`operation ${id} ended as ${last?.state}: ${last?.error?.reason} ${last?.error?.message}`);
}

/** A fresh installation on a fresh database. */
export const freshInstallation = async (
  databases: TestDatabases,
  directory: string,
  options: Omit<InstallationOptions, 'directory' | 'target'> = {},
): Promise<FeatureInstallation> => startFeatures({ ...options, directory, target: await databases.fresh() });
