import type { GRPCInferenceService, ModelInferRequest__Output, ModelInferResponse } from '@slipway/contracts/inference';
import { NotFoundError, UnavailableError, type Clock } from '@slipway/kernel';
import type { Handler } from '@slipway/platform';
import type { ServedModels } from '../domain/served-models.ts';
import type { ServedVersion } from '../domain/served-version.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import type { Turns } from '../domain/turns.ts';
import { findVersion } from './find-model.ts';
import type { InferenceMetrics, StageMicros } from './inference-metrics.ts';
import { readModelName } from './model-name.ts';
import { assertRequestParameters } from './request-parameters.ts';
import { decodeInputs, encodeOutputs, readRequestedOutputs } from './tensor-codec.ts';

export interface ModelInferDependencies {
  readonly models: ServedModels;
  /** Bounds how many calls are in the runtime, and how many wait for it. */
  readonly turns: Turns;
  readonly defaultAlias: string;
  /** Elements of all inputs of a call together. */
  readonly elementsMax: number;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
}

/** Trailer with the microseconds of each stage, e.g. `queue=3,decode=12,inference=210,encode=9`. */
export const STAGES_TRAILER = 'slipway-stages';

type InferHandler = Handler<GRPCInferenceService['modelInfer']>;

/** Answers ModelInfer: one call is one batch, answered by the version that its slot had when the call came. */
export function createModelInfer(dependencies: ModelInferDependencies): InferHandler {
  const { models, defaultAlias, metrics } = dependencies;
  return async (request, context) => {
    let key: SlotKey | undefined;
    try {
      key = readModelName(request.model_name, context.caller.workspace, defaultAlias);
      assertRequestParameters(request);
      const version = findVersion(models, key, request.model_name, request.model_version, 'model_version');
      const { response, stages } = await infer(dependencies, version, request, context.signal);
      context.setTrailer(STAGES_TRAILER, describeStages(stages));
      metrics.succeeded(key, version.ref.version, stages);
      return response;
    } catch (error) {
      const isKnown = !(error instanceof NotFoundError && error.reason === 'MODEL_NOT_FOUND');
      metrics.failed(isKnown ? key : undefined, error, context.signal.aborted);
      // some clients repeat UNAVAILABLE by themselves, which would multiply the load that filled the queue
      if (isQueueFull(error)) context.setTrailer('grpc-retry-pushback-ms', '-1');
      throw error;
    }
  };
}

const isQueueFull = (error: unknown): boolean => error instanceof UnavailableError && error.reason === 'QUEUE_FULL';

function infer(
  { turns, elementsMax, clock }: ModelInferDependencies,
  version: ServedVersion,
  request: ModelInferRequest__Output,
  signal: AbortSignal,
): Promise<{ response: ModelInferResponse; stages: StageMicros }> {
  return version.use(async (scorer) => {
    const began = clock.monotonicMs();
    const inputs = decodeInputs(request, elementsMax);
    const requested = readRequestedOutputs(request);
    const decoded = clock.monotonicMs();
    let turned = decoded;
    const outputs = await turns.run(() => {
      turned = clock.monotonicMs();
      return scorer.score(inputs, requested, signal);
    }, signal);
    const inferred = clock.monotonicMs();
    const response: ModelInferResponse = {
      model_name: request.model_name,
      model_version: `${version.ref.version}`,
      id: request.id,
      ...encodeOutputs(outputs),
    };
    const stages = {
      queue: micros(turned - decoded),
      decode: micros(decoded - began),
      inference: micros(inferred - turned),
      encode: micros(clock.monotonicMs() - inferred),
    };
    return { response, stages };
  });
}

const micros = (milliseconds: number): number => Math.round(milliseconds * 1000);

const describeStages = ({ queue, decode, inference, encode }: StageMicros): string =>
  `queue=${queue},decode=${decode},inference=${inference},encode=${encode}`;
