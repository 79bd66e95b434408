import { DEFAULT_WORKSPACE, type Clock, type Component, type IdSource, type Logger } from '@slipway/kernel';
import { OperationRunner, type OperationRunnerOptions, type ServiceStore } from '@slipway/persistence';
import { driverComponent, implementService, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore, OfflineStore, OnlineStore } from '@slipway/plugin-kit';
import type { FeatureDependencies, FeatureStep } from '../domain/dependencies.ts';
import type { FeatureLimits } from '../domain/limits.ts';
import { OnlineReader } from '../domain/online/online-reader.ts';
import { PredictionTableCache } from '../domain/predictions/prediction-table-cache.ts';
import { RepositoryCache } from '../domain/repository-cache.ts';
import { Turns } from '../domain/turns.ts';
import type { Call } from '../domain/unit-of-work.ts';
import { Turnstile } from '@slipway/kernel';
import { encodeFact } from '../rpc/event-codecs.ts';
import { featureHandlers } from '../rpc/feature-handlers.ts';
import { LongWork } from '../rpc/long-work.ts';
import { servedFeatureStoreService } from '../rpc/online-codec.ts';
import { blobLedger } from '../store/blob-claims.ts';
import { createFeatureUnitOfWork } from '../store/feature-unit-of-work.ts';
import { predictionLedger } from '../store/prediction-store.ts';
import { LocalFeatureFiles } from '../store/local-feature-files.ts';
import { createBlobSweeper } from './blob-sweeper.ts';
import { createPredictionReaper } from './prediction-reaper.ts';

export interface FeaturesServiceOptions {
  /** Opened with `featureEntities` and `featureMigrations`. */
  readonly store: Pick<ServiceStore, 'database' | 'unitOfWork'>;
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
  /** Of this process alone, for uploads under way and copies of stored files. */
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: FeatureLimits;
  /** For kill tests. */
  readonly atStep?: (step: FeatureStep) => void;
  readonly operations?: Pick<OperationRunnerOptions, 'leaseMs' | 'pollMs'>;
}

export interface FeaturesService {
  /** Opens and closes the engine and the online store. */
  readonly module: ServiceModule;
  /** To be started after the module and stopped before it. */
  readonly operations: OperationRunner;
}

/** Everything of `slipway.features.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createFeaturesService(options: FeaturesServiceOptions): FeaturesService {
  const { store, artifacts, offline, online, directory, clock, ids, log, limits } = options;
  const files = new LocalFeatureFiles({ artifacts, directory, cacheBytesMax: limits.cacheBytesMax, ids });
  const unitOfWork = createFeatureUnitOfWork(store.unitOfWork, encodeFact);
  const deps: FeatureDependencies = {
    unitOfWork,
    repositories: new RepositoryCache(unitOfWork, clock, limits.repositoryRefreshMs),
    predictionTables: new PredictionTableCache(unitOfWork, clock, limits.repositoryRefreshMs),
    files,
    offline,
    online,
    clock,
    ids,
    log,
    limits,
    uploads: new Turnstile(limits.uploadsMax),
    turns: new Turns(),
    atStep: options.atStep ?? (() => undefined),
  };
  const longWork: LongWork = new LongWork(deps, () => operations);
  const { resumable } = longWork;
  const { database } = store;
  const runner = { database, unitOfWork: store.unitOfWork, clock, ids, log, resumable };
  const operations = new OperationRunner({ ...runner, ...options.operations });
  const sweeper = createBlobSweeper({ ledger: blobLedger(store.unitOfWork, SWEEPER_CALL), files, clock, limits, log });
  const reaper = createPredictionReaper({ ...deps, ledger: predictionLedger(store.unitOfWork), callIn: reaperCall });
  const preparation: Component = { name: 'feature files', start: () => files.prepare(), stop: () => Promise.resolve() };
  const drivers = [driverComponent('offline store', offline), driverComponent('online store', online)];
  return {
    operations,
    module: {
      name: 'features',
      listener: 'grpc',
      services: [implementService(servedFeatureStoreService, featureHandlers(deps, new OnlineReader(deps), longWork))],
      components: [preparation, ...drivers, sweeper, reaper],
      isReady: () =>
        sweeper.isRunning ? { ready: true } : { ready: false, reason: 'the feature store is not started' },
    },
  };
}

/** The sweeper acts in no workspace and needs no permission: it calls no use case that a caller can. */
const SWEEPER_CALL = {
  caller: {
    principal: 'features-blob-sweeper',
    workspace: DEFAULT_WORKSPACE,
    allWorkspaces: true,
    permissions: new Set<string>(),
  },
  requestId: 'features-blob-sweep',
};

/** The reaper changes only what no caller names. */
const reaperCall = (workspace: string): Call => ({
  caller: { principal: 'features-prediction-reaper', workspace, allWorkspaces: false, permissions: new Set() },
  requestId: 'features-prediction-reap',
});
