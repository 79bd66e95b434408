import type { PredictionService, PredictRequest__Output, PredictResponse } from '@slipway/contracts/slipway.serving.v1';
import { NotFoundError, type Clock } from '@slipway/kernel';
import { implementService, type CallContext, type Handler, type ServiceImplementation } from '@slipway/platform';
import type { AssignmentCheck, CallAssignments } from '../domain/call-assignments.ts';
import { countRows, readPredictionIds } from '../domain/prediction-rows.ts';
import type { PredictionRequest, Predictor } from '../domain/predictor.ts';
import type { ServedModels } from '../domain/served-models.ts';
import type { ServedVersion } from '../domain/served-version.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { StageClock } from '../domain/stages.ts';
import { opaqueAssignment, readCallAssignments, readSlotKey } from './assigned-call.ts';
import { findVersion } from './find-model.ts';
import type { InferenceMetrics } from './inference-metrics.ts';
import type { AnsweredPrediction } from './logged-prediction.ts';
import { forbidRetry } from './model-infer.ts';
import { readPredictionRequest } from './prediction-request.ts';
import { completeResponse, encodeParts, servedPredictionService, toPredictionParts } from './prediction-response.ts';
import { reportStages } from './stage-report.ts';

export interface PredictDependencies {
  readonly models: ServedModels;
  readonly predictor: Predictor;
  readonly defaultAlias: string;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
  /** Undefined without a router. */
  readonly verifier: AssignmentCheck | undefined;
  /** Undefined when predictions are not logged. */
  readonly log: ((answered: AnsweredPrediction) => void) | undefined;
  readonly nextPredictionId: () => string;
}

/** Predictions by key. */
export function createPredictionService(dependencies: PredictDependencies): ServiceImplementation {
  return implementService(servedPredictionService, { predict: createPredict(dependencies) });
}

/** A request that was read. */
interface Question {
  readonly message: PredictRequest__Output;
  readonly key: SlotKey;
  readonly request: PredictionRequest;
  readonly assigned: CallAssignments | undefined;
  /** Undefined when the caller gives none. */
  readonly predictionIds: readonly string[] | undefined;
}

function createPredict(dependencies: PredictDependencies): Handler<PredictionService['predict']> {
  const { models, metrics, clock } = dependencies;
  return async (message, context) => {
    const stages = new StageClock(clock, 'pre_process');
    let key: SlotKey | undefined;
    try {
      const question = await readQuestion(dependencies, message, context);
      key = question.key;
      // taken once: its features, its graph and its name in the answer are of one version, whatever the alias does meanwhile
      const version = findVersion(models, key, question.request.model, '', 'model');
      return await version.use(() => answer(dependencies, version, question, context, stages));
    } catch (error) {
      const isKnown = !(error instanceof NotFoundError && error.reason === 'MODEL_NOT_FOUND');
      metrics.failed(isKnown ? key : undefined, error, context.signal.aborted);
      forbidRetry(context, error);
      throw error;
    }
  };
}

async function readQuestion(
  { defaultAlias, verifier }: PredictDependencies,
  message: PredictRequest__Output,
  context: CallContext,
): Promise<Question> {
  const { workspace } = context.caller;
  const read = readPredictionRequest(message, workspace);
  const rows = countRows(read.entities, read.requestFeatures, read.given);
  const predictionIds = readPredictionIds(message.prediction_ids, rows);
  const assigned = await readCallAssignments(verifier, message, context, rows);
  const key = readSlotKey(message.model, 'model', workspace, defaultAlias, assigned);
  const forObjective = assigned !== undefined;
  const request = { ...read, model: message.model || `${key.model}@${key.alias}`, forObjective };
  return { message, key, request, assigned, predictionIds };
}

async function answer(
  { predictor, metrics, nextPredictionId, log, verifier }: PredictDependencies,
  { ref, scorer }: ServedVersion,
  { message, key, request, assigned, predictionIds }: Question,
  context: CallContext,
  stages: StageClock,
): Promise<PredictResponse> {
  const { signal, deadlineMs, requestId, traceparent } = context;
  const call = { signal, deadlineMs, requestId, traceparent, stages };
  const prediction = await predictor.predict(scorer, request, call);
  const ids = predictionIds ?? Array.from({ length: prediction.rows }, nextPredictionId);
  const { model, alias } = key;
  const identity = { model, alias, version: `${ref.version}`, digest: ref.digest };
  const parts = { ...identity, prediction_ids: [...ids], ...toPredictionParts(prediction, message.include_features) };
  stages.enter('encode');
  const encoded = encodeParts(parts);
  const micros = stages.end();
  const response = completeResponse(parts, encoded, micros);
  reportStages(context, micros);
  metrics.succeeded(key, ref.version, micros);
  log?.({
    model,
    alias,
    version: ref.version,
    digest: ref.digest,
    requestId,
    stages: micros,
    predictionIds: ids,
    request,
    prediction,
    objective: message.objective,
    assigned,
    opaqueAssignment: opaqueAssignment(context, verifier),
    traceparent,
  });
  return response;
}
