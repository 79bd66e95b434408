import type { Clock } from '@slipway/kernel';
import type { CallAssignments } from '../domain/call-assignments.ts';
import type { LoggedCall } from '../domain/logged-call.ts';
import { isInShare } from '../domain/logged-share.ts';
import { loggedFeatures, loggedOutputs, loggedViews } from '../domain/logged-values.ts';
import type { Prediction, PredictionRequest } from '../domain/predictor.ts';
import type { PredictionLog } from '../domain/prediction-log.ts';
import { unitsOfRows } from '../domain/row-units.ts';
import type { ShadowScorer } from '../domain/shadow-scorer.ts';

export interface PredictionLoggerOptions {
  readonly log: PredictionLog;
  readonly shadows: ShadowScorer;
  /** Share of the calls whose features are logged. */
  readonly featureShare: number;
  readonly clock: Clock;
}

/** An answered call by key. */
export interface AnsweredPrediction extends Pick<
  LoggedCall,
  'model' | 'alias' | 'version' | 'digest' | 'requestId' | 'stages' | 'predictionIds'
> {
  readonly request: PredictionRequest;
  readonly prediction: Prediction;
  /** As the caller named it. */
  readonly objective: string;
  readonly assigned: CallAssignments | undefined;
  /** Of somebody else's router, as it was sent; empty without one. */
  readonly opaqueAssignment: string;
  readonly traceparent: string | undefined;
}

/** Logs answered calls by key, those with shadows once these have scored. */
export function createPredictionLogger({
  log,
  shadows,
  featureShare,
  clock,
}: PredictionLoggerOptions): (answered: AnsweredPrediction) => void {
  return (answered) => {
    const { request, prediction, assigned, traceparent } = answered;
    const hasFeatures = isInShare(answered.predictionIds[0] ?? '', featureShare);
    const call = toLoggedCall(answered, hasFeatures, request.asOf ?? clock.now());
    if (!assigned || assigned.shadows.length === 0) return log.add(call);
    shadows.add({ call, request, answered: prediction, shadows: assigned.shadows, traceparent });
  };
}

function toLoggedCall(answered: AnsweredPrediction, hasFeatures: boolean, time: bigint): LoggedCall {
  const { model, alias, version, digest, requestId, stages, predictionIds, request, assigned } = answered;
  const { rows, outputs, features, views } = answered.prediction;
  return {
    workspace: request.workspace,
    model,
    alias,
    version,
    digest,
    time,
    objective: assigned?.objective ?? answered.objective,
    requestId,
    stages,
    predictionIds,
    outputs: loggedOutputs(outputs, rows),
    ...(hasFeatures ? loggedFeatures(features) : { numberFeatures: [], textFeatures: [] }),
    views: loggedViews(views, features),
    ...(assigned ?? unassigned(request, rows, answered.opaqueAssignment)),
    shadows: [],
  };
}

function unassigned(
  { entities }: PredictionRequest,
  rows: number,
  assignmentId: string,
): Pick<LoggedCall, 'units' | 'unitOfRow'> {
  const { hashes, ofRow } = unitsOfRows(entities, rows);
  const units = hashes.map((unitHash) => ({ unitHash, assignmentId, experiment: '', arm: '', propensity: 0 }));
  return { units, unitOfRow: ofRow };
}
