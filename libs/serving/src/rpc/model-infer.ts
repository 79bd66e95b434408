import type { GRPCInferenceService, ModelInferRequest__Output, ModelInferResponse } from '@slipway/contracts/inference';
import { NotFoundError, UnavailableError, type Clock } from '@slipway/kernel';
import type { CallContext, Handler } from '@slipway/platform';
import type { Tensor } from '@slipway/plugin-kit';
import type { AssignmentCheck } from '../domain/call-assignments.ts';
import type { ServedModels } from '../domain/served-models.ts';
import type { ServedVersion } from '../domain/served-version.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { StageClock, type StageMicros } from '../domain/stages.ts';
import type { Turns } from '../domain/turns.ts';
import { opaqueAssignment, readAssignmentHeader, readSlotKey } from './assigned-call.ts';
import { withBytes } from './early-encoding.ts';
import { findVersion } from './find-model.ts';
import type { InferenceMetrics } from './inference-metrics.ts';
import type { InferenceLog } from './inference-log.ts';
import { encodeResponse } from './model-infer-codec.ts';
import { assertRequestParameters } from './request-parameters.ts';
import { reportStages } from './stage-report.ts';
import { decodeInputs, encodeOutputs, readRequestedOutputs } from './tensor-codec.ts';

export interface InferenceDependencies {
  readonly models: ServedModels;
  /** Bounds how many calls are in the runtime, and how many wait for it. */
  readonly turns: Turns;
  readonly defaultAlias: string;
  /** Elements of all inputs of a call together. */
  readonly elementsMax: number;
  readonly clock: Clock;
  readonly metrics: InferenceMetrics;
  /** Undefined without a router. */
  readonly verifier: AssignmentCheck | undefined;
  /** Of calls with tensors; undefined when they are not logged. */
  readonly log: InferenceLog | undefined;
}

type InferHandler = Handler<GRPCInferenceService['modelInfer']>;

/** One inference, on whichever transport it came. */
export interface InferenceCall {
  /** As the caller wrote it, e.g. `flights@challenger`. */
  readonly name: string;
  /** Empty for whatever answers. */
  readonly version: string;
  /** Words of the transport for the field that holds the version. */
  readonly versionField: string;
  /** The same for the field that holds the name. */
  readonly nameField: string;
  readonly context: Pick<CallContext, 'caller' | 'requestId' | 'header' | 'signal'>;
  /** Reads what the model is to be fed with; runs once the version is known. */
  readonly read: (version: ServedVersion) => {
    readonly inputs: readonly Tensor[];
    readonly outputs: readonly string[] | undefined;
  };
}

/**
 * Runs one call as one batch, by the version that its slot has when the call comes, and counts how it went.
 * @param encode makes the answer from the outputs, within the stages `post_process` and `encode` of the clock.
 */
export async function runInference<Answer>(
  dependencies: InferenceDependencies,
  call: InferenceCall,
  encode: (outputs: readonly Tensor[], version: ServedVersion, stages: StageClock) => Answer | Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly stages: StageMicros }> {
  const { models, defaultAlias, metrics, turns, clock, log, verifier } = dependencies;
  const { context, name } = call;
  const stages = new StageClock(clock, 'pre_process');
  let key: SlotKey | undefined;
  try {
    const assigned = await readAssignmentHeader(verifier, context, 1);
    const slot = (key = readSlotKey(name, call.nameField, context.caller.workspace, defaultAlias, assigned));
    const version = findVersion(models, slot, name, call.version, call.versionField);
    return await version.use(async (scorer) => {
      const { inputs, outputs: requested } = call.read(version);
      stages.enter('queue');
      const outputs = await turns.run(() => {
        stages.enter('inference');
        return scorer.score(inputs, requested, context.signal);
      }, context.signal);
      stages.enter('post_process');
      const answer = await encode(outputs, version, stages);
      const micros = stages.end();
      metrics.succeeded(slot, version.ref.version, micros);
      const opaque = log ? opaqueAssignment(context, verifier) : '';
      log?.add(slot, version.ref, outputs, micros, context, { assigned, opaque });
      return { answer, stages: micros };
    });
  } catch (error) {
    const isKnown = !(error instanceof NotFoundError && error.reason === 'MODEL_NOT_FOUND');
    metrics.failed(isKnown ? key : undefined, error, context.signal.aborted);
    throw error;
  }
}

export const isQueueFull = (error: unknown): boolean =>
  error instanceof UnavailableError && error.reason === 'QUEUE_FULL';

/** Some clients repeat UNAVAILABLE by themselves, which would multiply the load that filled the queue. */
export function forbidRetry(context: CallContext, error: unknown): void {
  if (isQueueFull(error)) context.setTrailer('grpc-retry-pushback-ms', '-1');
}

/** Answers ModelInfer. */
export function createModelInfer(dependencies: InferenceDependencies): InferHandler {
  return async (request, context) => {
    try {
      const { answer, stages } = await runInference(
        dependencies,
        toCall(dependencies, request, context),
        (outputs, version, clock) => respond(request, outputs, version, clock),
      );
      reportStages(context, stages);
      return answer;
    } catch (error) {
      forbidRetry(context, error);
      throw error;
    }
  };
}

const toCall = (
  { elementsMax }: InferenceDependencies,
  request: ModelInferRequest__Output,
  context: CallContext,
): InferenceCall => ({
  name: request.model_name,
  version: request.model_version,
  versionField: 'model_version',
  nameField: 'model_name',
  context,
  read: () => {
    assertRequestParameters(request);
    return { inputs: decodeInputs(request, elementsMax), outputs: readRequestedOutputs(request) };
  },
});

function respond(
  request: ModelInferRequest__Output,
  outputs: readonly Tensor[],
  { ref }: ServedVersion,
  stages: StageClock,
): ModelInferResponse {
  const response: ModelInferResponse = {
    model_name: request.model_name,
    model_version: `${ref.version}`,
    id: request.id,
    ...encodeOutputs(outputs),
  };
  stages.enter('encode');
  return withBytes(response, encodeResponse(response));
}
