import type { GRPCInferenceService } from '@slipway/contracts/inference';
import { implementService, type Handlers, type ServiceImplementation } from '@slipway/platform';
import type { TensorSpec } from '@slipway/plugin-kit';
import { findSlot, findVersion } from './find-model.ts';
import { servedInferenceService } from './model-infer-codec.ts';
import { createModelInfer, type InferenceDependencies } from './model-infer.ts';
import { readModelName, readModelVersion } from './model-name.ts';

export interface InferenceServiceDependencies extends InferenceDependencies {
  /** Version of this software. */
  readonly serverVersion: string;
  readonly isReady: () => boolean;
}

/** Extensions of the protocol that this server has, in Triton's words; it is one of REST. */
const EXTENSIONS: readonly string[] = ['binary_tensor_data'];

/** Triton's word for what runs ONNX graphs. */
const PLATFORM = 'onnxruntime_onnx';

/** What the protocol says of a tensor. */
interface TensorDescription {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
}

export interface ModelDescription {
  readonly name: string;
  readonly versions: string[];
  readonly platform: string;
  readonly inputs: TensorDescription[];
  readonly outputs: TensorDescription[];
}

const describeTensor = ({ name, datatype, shape }: TensorSpec): TensorDescription => ({
  name,
  datatype,
  shape: [...shape],
});

export const describeServer = ({ serverVersion }: Pick<InferenceServiceDependencies, 'serverVersion'>) => ({
  name: 'slipway',
  version: serverVersion,
  extensions: [...EXTENSIONS],
});

/** @throws {NotFoundError} when nobody ever named that model or alias. */
export function isModelReady(
  { models, defaultAlias }: InferenceDependencies,
  name: string,
  version: string,
  workspace: string,
): boolean {
  const key = readModelName(name, workspace, defaultAlias);
  const wanted = readModelVersion(version, 'version');
  const { current } = findSlot(models, key, name);
  return current !== undefined && (wanted === undefined || wanted === current.ref.version);
}

/** @throws {NotFoundError} on an unknown model or version. @throws {UnavailableError} while nothing answers. */
export function describeModel(
  { models, defaultAlias }: InferenceDependencies,
  name: string,
  version: string,
  workspace: string,
): ModelDescription {
  const key = readModelName(name, workspace, defaultAlias);
  const { ref, scorer } = findVersion(models, key, name, version, 'version');
  return {
    name,
    versions: [`${ref.version}`],
    platform: PLATFORM,
    inputs: scorer.signature.inputs.map(describeTensor),
    outputs: scorer.signature.outputs.map(describeTensor),
  };
}

/** Open Inference Protocol v2, unary part. */
export function createInferenceService(dependencies: InferenceServiceDependencies): ServiceImplementation {
  const handlers: Handlers<GRPCInferenceService> = {
    serverLive: async () => ({ live: true }),
    serverReady: async () => ({ ready: dependencies.isReady() }),
    serverMetadata: async () => describeServer(dependencies),
    modelReady: async ({ name, version }, { caller }) => ({
      ready: isModelReady(dependencies, name, version, caller.workspace),
    }),
    modelMetadata: async ({ name, version }, { caller }) =>
      describeModel(dependencies, name, version, caller.workspace),
    modelInfer: createModelInfer(dependencies),
  };
  return implementService(servedInferenceService, handlers);
}
