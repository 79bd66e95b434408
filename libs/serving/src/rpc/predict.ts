import type { PredictionService, PredictRequest__Output, PredictResponse } from '@slipway/contracts/slipway.serving.v1';
import { NotFoundError, type Clock } from '@slipway/kernel';
import { implementService, type CallContext, type Handler, type ServiceImplementation } from '@slipway/platform';
import { loggedFeatures, loggedOutputs, loggedViews } from '../domain/logged-values.ts';
import type { PredictionLog } from '../domain/prediction-log.ts';
import { unitHashes } from '../domain/prediction-rows.ts';
import type { Prediction, PredictionRequest, Predictor } from '../domain/predictor.ts';
import type { ServedModels } from '../domain/served-models.ts';
import type { ServedVersion } from '../domain/served-version.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { StageClock } from '../domain/stages.ts';
import { findVersion } from './find-model.ts';
import type { InferenceMetrics } from './inference-metrics.ts';
import { forbidRetry } from './model-infer.ts';
import { readModelName } from './model-name.ts';
import { readPredictionRequest } from './prediction-request.ts';
import { completeResponse, encodeParts, servedPredictionService, toPredictionParts } from './prediction-response.ts';
import { reportStages } from './stage-report.ts';

export interface PredictDependencies {
  readonly models: ServedModels;
  readonly predictor: Predictor;
  readonly defaultAlias: string;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
  /** Undefined when predictions are not logged. */
  readonly log: PredictionLog | undefined;
  readonly nextPredictionId: () => string;
}

/** Predictions by key. */
export function createPredictionService(dependencies: PredictDependencies): ServiceImplementation {
  return implementService(servedPredictionService, { predict: createPredict(dependencies) });
}

function createPredict(dependencies: PredictDependencies): Handler<PredictionService['predict']> {
  const { models, defaultAlias, metrics, clock } = dependencies;
  return async (request, context) => {
    const stages = new StageClock(clock, 'pre_process');
    let key: SlotKey | undefined;
    try {
      const slot = (key = readModelName(request.model, context.caller.workspace, defaultAlias));
      // taken once: its features, its graph and its name in the answer are of one version, whatever the alias does meanwhile
      const version = findVersion(models, slot, request.model, '', 'model');
      return await version.use(() => answer(dependencies, slot, version, request, context, stages));
    } catch (error) {
      const isKnown = !(error instanceof NotFoundError && error.reason === 'MODEL_NOT_FOUND');
      metrics.failed(isKnown ? key : undefined, error, context.signal.aborted);
      forbidRetry(context, error);
      throw error;
    }
  };
}

async function answer(
  { predictor, metrics, nextPredictionId, log, clock }: PredictDependencies,
  key: SlotKey,
  { ref, scorer }: ServedVersion,
  message: PredictRequest__Output,
  context: CallContext,
  stages: StageClock,
): Promise<PredictResponse> {
  const { signal, deadlineMs, requestId, traceparent } = context;
  const request = readPredictionRequest(message, key.workspace);
  const call = { signal, deadlineMs, requestId, traceparent, stages };
  const prediction = await predictor.predict(scorer, request, call);
  const ids = Array.from({ length: prediction.rows }, nextPredictionId);
  const { model, alias } = key;
  const identity = { model, alias, version: `${ref.version}`, digest: ref.digest };
  const parts = { ...identity, prediction_ids: ids, ...toPredictionParts(prediction, message.include_features) };
  stages.enter('encode');
  const encoded = encodeParts(parts);
  const micros = stages.end();
  const response = completeResponse(parts, encoded, micros);
  reportStages(context, micros);
  metrics.succeeded(key, ref.version, micros);
  log?.add({
    ...key,
    version: ref.version,
    digest: ref.digest,
    time: request.asOf ?? clock.now(),
    objective: message.objective,
    requestId,
    stages: micros,
    ...loggedRows(prediction, request, ids),
  });
  return response;
}

function loggedRows(
  { rows, outputs, views, features }: Prediction,
  { entities }: PredictionRequest,
  ids: readonly string[],
) {
  const hashes = unitHashes(entities, rows);
  const units = [...new Set(hashes)].map((unitHash) => ({
    unitHash,
    assignmentId: '',
    experiment: '',
    arm: '',
    propensity: 0,
  }));
  const places = new Map(units.map(({ unitHash }, place) => [unitHash, place]));
  return {
    predictionIds: ids,
    outputs: loggedOutputs(outputs, rows),
    ...loggedFeatures(features),
    views: loggedViews(views, features),
    units: entities.size === 0 ? [] : units,
    unitOfRow: entities.size === 0 ? [] : hashes.map((hash) => places.get(hash) ?? 0),
    shadows: [],
  };
}
