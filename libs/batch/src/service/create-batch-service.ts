import { batchService } from '@slipway/contracts/slipway.batch.v1';
import { Turnstile, type Clock, type Component, type IdSource, type Logger } from '@slipway/kernel';
import { writeTrustedKey, type TrustedKey } from '@slipway/model-package';
import { isFinal, OperationRunner, type OperationRunnerOptions, type ServiceStore } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore, Launcher } from '@slipway/plugin-kit';
import type { BatchDependencies, BatchStep } from '../domain/dependencies.ts';
import type { OperationEnd } from '../domain/use-cases/settle-jobs.ts';
import type { JobAtWork } from '../domain/unit-of-work.ts';
import { batchHandlers } from '../rpc/batch-handlers.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createFeatureSets, type FeatureCalls, type OperationCalls } from '../rpc/feature-sets.ts';
import { LongWork } from '../rpc/long-work.ts';
import { createModelRegistry, type RegistryCalls } from '../rpc/registry-source.ts';
import { createBatchUnitOfWork } from '../store/batch-unit-of-work.ts';
import { LocalJobFiles } from '../store/local-job-files.ts';
import type { DEFAULT_BATCH_LIMITS } from './batch-settings.ts';
import { createJobSettler } from './job-settler.ts';

export interface BatchServiceOptions {
  /** Opened with `batchEntities` and `batchMigrations`. */
  readonly store: Pick<ServiceStore, 'database' | 'unitOfWork'>;
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  readonly launcher: Launcher;
  /** Module of the worker program, which exports `createPartitionWorker`. */
  readonly workerModule: URL;
  /** A principal that may read versions and download packages in every workspace. */
  readonly registry: RegistryCalls;
  /** A principal that may make and commit scoring sets and load predictions in every workspace. */
  readonly features: FeatureCalls;
  /** Of the feature store, too. */
  readonly featureOperations: OperationCalls;
  readonly trustedKeys: readonly TrustedKey[];
  /** Of this process alone, for copies and for what attempts write. */
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: typeof DEFAULT_BATCH_LIMITS;
  /** For kill tests. */
  readonly atStep?: (step: BatchStep) => void;
  readonly operations?: Pick<OperationRunnerOptions, 'leaseMs' | 'pollMs'>;
}

export interface CreatedBatchService {
  /** Opens and closes the launcher. */
  readonly module: ServiceModule;
  /** To be started after the module and stopped before it. */
  readonly operations: OperationRunner;
}

/** Everything of `slipway.batch.v1.BatchService` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createBatchService(options: BatchServiceOptions): CreatedBatchService {
  const { store, artifacts, launcher, directory, clock, ids, log, limits } = options;
  const { scratchBytesMax } = limits;
  const files = new LocalJobFiles({ artifacts, directory, scratchBytesMax, ids });
  const unitOfWork = createBatchUnitOfWork(store.unitOfWork, encodeFact);
  const { features, featureOperations } = options;
  const deps: BatchDependencies = {
    unitOfWork,
    registry: createModelRegistry(options.registry),
    features: createFeatureSets({ features, operations: featureOperations, clock, waitMsMax: limits.waitMs }),
    files,
    launcher,
    slots: new Turnstile(launcher.capabilities.attemptsMax),
    trustedKeys: options.trustedKeys.map(writeTrustedKey),
    clock,
    log,
    limits,
    atStep: options.atStep ?? (() => undefined),
  };
  const longWork: LongWork = new LongWork(deps, () => operations);
  const { resumable } = longWork;
  const { database } = store;
  const runner = { database, unitOfWork: store.unitOfWork, clock, ids, log, resumable };
  const operations = new OperationRunner({ ...runner, ...options.operations });
  const settler = createJobSettler({
    unitOfWork,
    operationEnd: (job) => operationEnd(operations, job),
    callIn: settlerCall,
    everyMs: limits.settleEveryMs,
    clock,
    log,
  });
  const preparation: Component = { name: 'batch files', start: () => files.prepare(), stop: () => Promise.resolve() };
  return {
    operations,
    module: {
      name: 'batch',
      listener: 'grpc',
      services: [implementService(batchService, batchHandlers(deps, longWork))],
      components: [preparation, launcherComponent(launcher, options.workerModule), settler],
      isReady: () => (settler.isRunning ? { ready: true } : { ready: false, reason: 'scoring jobs are not started' }),
    },
  };
}

const launcherComponent = (launcher: Launcher, module: URL): Component => ({
  name: 'launcher',
  start: (signal) => launcher.open({ module }, signal),
  stop: () => launcher.close(),
});

async function operationEnd(operations: OperationRunner, { workspace, operationId }: JobAtWork): Promise<OperationEnd> {
  const record = await operations.store.get({ workspace, id: operationId });
  if (record && !isFinal(record.state)) return { state: 'working' };
  if (record?.state === 'cancelled') return { state: 'cancelled' };
  const { reason, message } = record?.error ?? { reason: 'OWNER_STOPPED', message: 'its operation is gone' };
  return { state: 'failed', failure: { reason, message } };
}

/** The settler needs no permission: it calls no use case that a caller can. */
const settlerCall = (workspace: string) => ({
  caller: { principal: 'batch-job-settler', workspace, allWorkspaces: true, permissions: new Set<string>() },
  requestId: 'batch-settle-jobs',
});
