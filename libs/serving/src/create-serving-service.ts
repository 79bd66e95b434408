import type { Clock, Component, IdSource, Logger, Random } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import type { UnitOfWork } from '@slipway/persistence';
import type { ServiceImplementation } from '@slipway/platform';
import type { EventBus, ModelRuntime } from '@slipway/plugin-kit';
import { createAliasConsumer } from './create-alias-consumer.ts';
import { PackageVersionLoader } from './domain/package-version-loader.ts';
import { Reconciler } from './domain/reconciler.ts';
import { ServedModels } from './domain/served-models.ts';
import { Turns } from './domain/turns.ts';
import { modelFailedCodec, modelLoadedCodec } from './rpc/event-codecs.ts';
import { createInferenceMetrics, type CounterSource } from './rpc/inference-metrics.ts';
import { createInferenceService } from './rpc/inference-service.ts';
import { createRegistrySource, type RegistryCalls } from './rpc/registry-source.ts';
import type { ServingConfig } from './serving-config.ts';
import { ServingModelsComponent } from './serving-models-component.ts';
import { PackageCache } from './store/package-cache.ts';
import { SqlSlotStore } from './store/sql-slot-store.ts';

export interface ServingServiceOptions {
  readonly config: ServingConfig;
  readonly unitOfWork: UnitOfWork;
  /** A principal that may read every workspace and download versions. */
  readonly registry: RegistryCalls;
  /** Opened before, closed after the components of this service; so is the runtime. */
  readonly bus: EventBus;
  readonly runtime: ModelRuntime;
  readonly trustedKeys: readonly TrustedKey[];
  readonly metrics: CounterSource;
  /** For packages; of this server alone. */
  readonly packageDirectory: string;
  /** Version of this software. */
  readonly serverVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly log: Logger;
}

export interface ServingService {
  readonly services: readonly ServiceImplementation[];
  /** In the order of their start; the RPC server starts after and drains before them. */
  readonly components: readonly Component[];
  /** The slots, for those who look at them. */
  readonly models: ServedModels;
  /** Whether calls should be sent here. */
  readonly isReady: () => boolean;
}

/** After a failed comparison with the registry at the start: it may just be starting too. */
const FIRST_RECONCILE_RETRY_MS = 250;

export function createServingService(options: ServingServiceOptions): ServingService {
  const { config, clock, random, ids, log, runtime, trustedKeys } = options;
  const source = createRegistrySource(options.registry);
  const packages: PackageCache = new PackageCache({
    directory: options.packageDirectory,
    bytesMax: config.packageCacheBytesMax,
    packageBytesMax: config.packageBytesMax,
    source,
    ids,
    pinned: () => digestsInUse(models),
  });
  const models = new ServedModels({
    ...config,
    loader: new PackageVersionLoader({ packages, trustedKeys, runtime, log }),
    store: new SqlSlotStore({
      unitOfWork: options.unitOfWork,
      server: config.serverName,
      ids,
      loaded: modelLoadedCodec,
      failed: modelFailedCodec,
    }),
    clock,
    random,
    log,
  });
  const component = new ServingModelsComponent(models, packages);
  const reconciler = new Reconciler({
    models,
    source,
    clock,
    random,
    log,
    intervalMs: config.reconcileMs,
    firstRetryMs: FIRST_RECONCILE_RETRY_MS,
  });
  const { unitOfWork, bus } = options;
  const consumer = createAliasConsumer({ models, bus, unitOfWork, serverName: config.serverName, clock, log });
  const isReady = createReadiness(models, component, reconciler);
  const service = createInferenceService({
    models,
    turns: new Turns(config.inferencesMax, config.queueMax),
    defaultAlias: config.defaultAlias,
    elementsMax: config.elementsMax,
    clock,
    metrics: createInferenceMetrics(options.metrics),
    serverVersion: options.serverVersion,
    isReady,
  });
  // the consumer before the reconciler, so that a move between the two is seen by one of them
  return { services: [service], components: [component, consumer, reconciler], models, isReady };
}

function digestsInUse(models: ServedModels): ReadonlySet<string> {
  const slots = [...models.slots().values()];
  return new Set(slots.flatMap(({ desired, actual }) => [desired.digest, actual?.digest ?? desired.digest]));
}

/**
 * Ready once the registry was asked (or the table knew what to serve while it is away) and each slot was tried. Then it stays ready: a new
 * model that loads must not take the others out of service; ModelReady tells of each.
 */
function createReadiness(models: ServedModels, component: ServingModelsComponent, reconciler: Reconciler) {
  let wasReady = false;
  return (): boolean => {
    const isInformed = reconciler.goodRounds > 0 || (reconciler.rounds > 0 && component.restored > 0);
    wasReady ||= isInformed && models.allTried;
    return wasReady && !component.isDraining;
  };
}
