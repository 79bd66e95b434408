import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { DEFAULT_WORKSPACE, type Clock, type IdSource, type Logger } from '@slipway/kernel';
import type { UnitOfWork } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore, Gate } from '@slipway/plugin-kit';
import type { SourceFiles } from '../domain/source/source-files.ts';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { metricGate } from '../domain/gates/metric-gate.ts';
import type { RegistryLimits } from '../domain/limits.ts';
import { Turnstile } from '@slipway/kernel';
import { encodeFact } from '../rpc/event-codecs.ts';
import { registryHandlers } from '../rpc/registry-handlers.ts';
import { createPackageStore } from '../store/artifact-package-store.ts';
import { blobLedger } from '../store/blob-claims.ts';
import { createRegistryUnitOfWork } from '../store/registry-unit-of-work.ts';
import { createBlobSweeper } from './blob-sweeper.ts';
import type { SigningKeys } from './signing-keys.ts';
import { createWebhooks, type WebhookOptions } from './webhooks/create-webhooks.ts';

export interface RegistryServiceOptions {
  /** On a database opened with `registryEntities` and `registryMigrations`. */
  readonly unitOfWork: UnitOfWork;
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  /** Gates besides `metric`, which is built in, by driver name. */
  readonly gates: ReadonlyMap<string, Gate>;
  /** Where files of runs come from; without it sources of ours are refused. */
  readonly sources?: SourceFiles;
  readonly signingKeys: Pick<SigningKeys, 'signingKey'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: RegistryLimits;
  readonly webhooks: WebhookOptions;
}

/** 512 MiB each at the default limit, so one after the other. */
const INSPECTIONS_AT_ONCE = 1;

/** Everything of `slipway.registry.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createRegistryService(options: RegistryServiceOptions): ServiceModule {
  const { unitOfWork, artifacts, gates, signingKeys, clock, ids, log, limits } = options;
  const packages = createPackageStore(artifacts);
  const webhooks = createWebhooks(options.webhooks, { clock, ids, log, unitOfWork });
  const deps: RegistryDependencies = {
    unitOfWork: createRegistryUnitOfWork(unitOfWork, encodeFact, { ids, wake: webhooks.wake }),
    packages,
    sources: options.sources,
    gates: new Map([...gates, ['metric', metricGate]]),
    signingKey: signingKeys.signingKey,
    clock,
    ids,
    limits,
    uploads: new Turnstile(limits.uploadsMax),
    inspections: new Turnstile(INSPECTIONS_AT_ONCE),
  };
  const ledger = blobLedger(unitOfWork, SWEEPER_CALL);
  const sweeper = createBlobSweeper({ ledger, packages, clock, limits, log });
  return {
    name: 'registry',
    listener: 'grpc',
    services: [implementService(registryService, registryHandlers(deps)), webhooks.service],
    components: [sweeper, ...webhooks.components],
    isReady: () => (sweeper.isRunning ? { ready: true } : { ready: false, reason: 'the registry is not started' }),
  };
}

/** The sweeper acts in no workspace and needs no permission: it calls no use case that a caller can. */
const SWEEPER_CALL = {
  caller: {
    principal: 'registry-blob-sweeper',
    workspace: DEFAULT_WORKSPACE,
    allWorkspaces: true,
    permissions: new Set<string>(),
  },
  requestId: 'registry-blob-sweep',
};
