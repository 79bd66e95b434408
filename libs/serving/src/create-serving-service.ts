import type { Clock, Component, IdSource, Logger, Random } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import type { UnitOfWork } from '@slipway/persistence';
import type { HttpRoutes, ServiceImplementation } from '@slipway/platform';
import type { EventBus, ModelRuntime } from '@slipway/plugin-kit';
import { createAliasConsumer } from './create-alias-consumer.ts';
import { PackageVersionLoader } from './domain/package-version-loader.ts';
import { PredictionLog } from './domain/prediction-log.ts';
import { predictionIds } from './domain/prediction-ids.ts';
import { Predictor } from './domain/predictor.ts';
import { Reconciler } from './domain/reconciler.ts';
import { ServedModels } from './domain/served-models.ts';
import { Turns } from './domain/turns.ts';
import { modelFailedCodec, modelLoadedCodec } from './rpc/event-codecs.ts';
import { createFeatureStoreSource, type FeatureCalls } from './rpc/feature-store-source.ts';
import { InferenceLog } from './rpc/inference-log.ts';
import { createInferenceMetrics, type MetricSource } from './rpc/inference-metrics.ts';
import { createInferenceService, type InferenceServiceDependencies } from './rpc/inference-service.ts';
import { createPredictionService } from './rpc/predict.ts';
import { createPredictionSink } from './rpc/prediction-sink.ts';
import { createRegistrySource, type RegistryCalls } from './rpc/registry-source.ts';
import { createInferenceRoutes } from './rest/inference-routes.ts';
import type { ServingConfig } from './serving-config.ts';
import { ServingModelsComponent } from './serving-models-component.ts';
import { PackageCache } from './store/package-cache.ts';
import { SqlSlotStore } from './store/sql-slot-store.ts';

export interface ServingServiceOptions {
  readonly config: ServingConfig;
  readonly unitOfWork: UnitOfWork;
  /** A principal that may read every workspace and download versions. */
  readonly registry: RegistryCalls;
  /** A principal that may read online features of every workspace; asked only for models that need them. */
  readonly features: FeatureCalls;
  /** Opened before, closed after the components of this service; so is the runtime. */
  readonly bus: EventBus;
  readonly runtime: ModelRuntime;
  readonly trustedKeys: readonly TrustedKey[];
  readonly metrics: MetricSource;
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
  const metrics = createInferenceMetrics(options.metrics);
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
  const log = createPredictionLog(options);
  const nextPredictionId = predictionIds(ids);
  const turns = new Turns(config.inferencesMax, config.queueMax);
  const inference: InferenceServiceDependencies = {
    models,
    turns,
    defaultAlias: config.defaultAlias,
    elementsMax: config.elementsMax,
    clock,
    metrics,
    log: config.predictionLog === 'all' && log ? new InferenceLog(log, nextPredictionId, clock) : undefined,
    serverVersion: options.serverVersion,
    isReady,
  };
  const predictor = new Predictor({
    features: createFeatureStoreSource(options.features),
    turns,
    fetches: new Turns(config.fetchesMax, config.queueMax),
    fetchTimeoutMs: config.fetchTimeoutMs,
    clock,
  });
  const { defaultAlias } = config;
  const predictions = { models, predictor, defaultAlias, clock, metrics, log, nextPredictionId };
  return {
    services: [createInferenceService(inference), createPredictionService(predictions)],
    http: createInferenceRoutes({ ...inference, jsonBytesMax: config.jsonBytesMax }),
    // the consumer before the reconciler, so that a move between the two is seen by one of them
    components: [component, ...(log ? [log] : []), consumer, reconciler],
    models,
    isReady,
  };
}

/** What a batch of the prediction log has to be stored. */
const LOG_PUBLISH_TIMEOUT_MS = 10_000;

function createPredictionLog({
  config,
  bus,
  ids,
  clock,
  log,
  metrics,
}: ServingServiceOptions): PredictionLog | undefined {
  if (config.predictionLog === 'off') return undefined;
  const dropped = metrics.counter({
    name: 'slipway_prediction_log_dropped_total',
    help: 'Predictions that were not logged: the buffer was full, or the bus did not take them.',
  });
  const drop = dropped.bind({});
  return new PredictionLog({
    sink: createPredictionSink({ bus, serverName: config.serverName, ids }),
    rowsMax: config.logRowsMax,
    batchRows: config.logBatchRows,
    flushMs: config.logFlushMs,
    publishTimeoutMs: LOG_PUBLISH_TIMEOUT_MS,
    clock,
    log,
    onDropped: drop,
  });
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
