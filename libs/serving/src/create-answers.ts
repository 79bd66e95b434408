import type { Component } from '@slipway/kernel';
import type { HttpRoutes, ServiceImplementation } from '@slipway/platform';
import { predictionIds } from './domain/prediction-ids.ts';
import { PredictionLog } from './domain/prediction-log.ts';
import { Predictor } from './domain/predictor.ts';
import type { ServedModels } from './domain/served-models.ts';
import { ShadowScorer } from './domain/shadow-scorer.ts';
import { Turns } from './domain/turns.ts';
import { createInferenceRoutes } from './rest/inference-routes.ts';
import { createAssignmentVerifier } from './rpc/assignment-source.ts';
import { createFeatureStoreSource } from './rpc/feature-store-source.ts';
import { InferenceLog } from './rpc/inference-log.ts';
import { createInferenceMetrics } from './rpc/inference-metrics.ts';
import { createInferenceService, type InferenceServiceDependencies } from './rpc/inference-service.ts';
import { createPredictionLogger, type AnsweredPrediction } from './rpc/logged-prediction.ts';
import { createPredictionService } from './rpc/predict.ts';
import { createPredictionSink } from './rpc/prediction-sink.ts';
import { createShadowMetrics } from './rpc/shadow-metrics.ts';
import type { ServingServiceOptions } from './serving-service-options.ts';

export interface Answers {
  readonly services: readonly ServiceImplementation[];
  readonly http: HttpRoutes;
  /** To be started before and drained after the calls, in this order and the reverse. */
  readonly components: readonly Component[];
}

/** What answers calls from the loaded models: tensors over gRPC and REST, predictions by key; all share one queue for the runtime. */
export function createAnswers(options: ServingServiceOptions, models: ServedModels, isReady: () => boolean): Answers {
  const { config, clock, ids, serverVersion } = options;
  const { defaultAlias, elementsMax, fetchTimeoutMs, jsonBytesMax } = config;
  const metrics = createInferenceMetrics(options.metrics);
  const log = createPredictionLog(options);
  const nextPredictionId = predictionIds(ids);
  const turns = new Turns(config.inferencesMax, config.queueMax);
  const verifier = options.routing && createAssignmentVerifier(options.routing, clock);
  const shared = { models, defaultAlias, clock, metrics, verifier };
  const inference: InferenceServiceDependencies = {
    ...shared,
    turns,
    elementsMax,
    log: config.predictionLog === 'all' && log ? new InferenceLog(log, nextPredictionId, clock) : undefined,
    serverVersion,
    isReady,
  };
  const predictor = new Predictor({
    features: createFeatureStoreSource(options.features),
    turns,
    fetches: new Turns(config.fetchesMax, config.queueMax),
    fetchTimeoutMs,
    clock,
  });
  const { components, logCall } = createLogging(options, models, predictor, log);
  const predictions = createPredictionService({ ...shared, predictor, log: logCall, nextPredictionId });
  return {
    services: [createInferenceService(inference), predictions],
    http: createInferenceRoutes({ ...inference, jsonBytesMax }),
    components,
  };
}

/** What shadows have when the server ends; the log needs the rest of the budget. */
const SHADOW_DRAIN_MS = 5_000;

interface Logging {
  readonly components: readonly Component[];
  readonly logCall: ((answered: AnsweredPrediction) => void) | undefined;
}

/** Without a log nobody would see what shadows say: they do not run. */
function createLogging(
  { config, clock, log, metrics }: ServingServiceOptions,
  models: ServedModels,
  predictor: Predictor,
  predictionLog: PredictionLog | undefined,
): Logging {
  if (!predictionLog) return { components: [], logCall: undefined };
  const shadows = new ShadowScorer({
    models,
    predictor,
    rowsMax: config.shadowRowsMax,
    drainMs: SHADOW_DRAIN_MS,
    clock,
    log,
    metrics: createShadowMetrics(metrics),
    done: (call) => predictionLog.add(call),
  });
  const featureShare = config.logFeatures;
  const logCall = createPredictionLogger({ log: predictionLog, shadows, featureShare, clock });
  return { components: [predictionLog, shadows], logCall };
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
