import type { Component } from '@slipway/kernel';
import type { HttpRoutes, ServiceImplementation } from '@slipway/platform';
import { createAnswers } from './create-answers.ts';
import { createStreams } from './create-streams.ts';
import { createAliasConsumer } from './create-alias-consumer.ts';
import { PackageVersionLoader } from './domain/package-version-loader.ts';
import { Reconciler } from './domain/reconciler.ts';
import { ServedModels } from './domain/served-models.ts';
import { modelFailedCodec, modelLoadedCodec } from './rpc/event-codecs.ts';
import { createRegistrySource } from './rpc/registry-source.ts';
import { ServingModelsComponent } from './serving-models-component.ts';
import type { ServingServiceOptions } from './serving-service-options.ts';
import { PackageCache } from './store/package-cache.ts';
import { SqlSlotStore } from './store/sql-slot-store.ts';

export interface ServingService {
  readonly services: readonly ServiceImplementation[];
  /** `StreamService`, when this server scores streams. */
  readonly streamServices: readonly ServiceImplementation[];
  /** The same inference over REST. */
  readonly http: HttpRoutes;
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
  const { config, clock, random, ids, runtime, trustedKeys } = options;
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
    loader: new PackageVersionLoader({ packages, trustedKeys, runtime, log: options.log }),
    store: new SqlSlotStore({
      unitOfWork: options.unitOfWork,
      server: config.serverName,
      ids,
      loaded: modelLoadedCodec,
      failed: modelFailedCodec,
    }),
    clock,
    random,
    log: options.log,
  });
  const component = new ServingModelsComponent(models, packages);
  const reconciler = new Reconciler({
    models,
    source,
    clock,
    random,
    log: options.log,
    intervalMs: config.reconcileMs,
    firstRetryMs: FIRST_RECONCILE_RETRY_MS,
  });
  const { unitOfWork, bus } = options;
  const consumer = createAliasConsumer({
    models,
    bus,
    unitOfWork,
    serverName: config.serverName,
    clock,
    log: options.log,
  });
  const isReady = createReadiness(models, component, reconciler);
  const { components: answering, services, http } = createAnswers(options, models, isReady);
  // the consumer before the reconciler, so that a move between the two is seen by one of them
  const streams = createStreams(options, models);
  const components = [component, ...answering, consumer, reconciler, ...(streams ? [streams.component] : [])];
  return { services, streamServices: streams ? [streams.service] : [], http, components, models, isReady };
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
