import type { GRPCInferenceService, ModelMetadataResponse } from '@slipway/contracts/inference';
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
export const EXTENSIONS: readonly string[] = ['binary_tensor_data'];

/** Triton's word for what runs ONNX graphs. */
export const PLATFORM = 'onnxruntime_onnx';

const toTensorMetadata = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape: [...shape] });

/** Open Inference Protocol v2, unary part. */
export function createInferenceService(dependencies: InferenceServiceDependencies): ServiceImplementation {
  const { models, defaultAlias, serverVersion, isReady } = dependencies;
  const handlers: Handlers<GRPCInferenceService> = {
    serverLive: async () => ({ live: true }),
    serverReady: async () => ({ ready: isReady() }),
    serverMetadata: async () => ({ name: 'slipway', version: serverVersion, extensions: [...EXTENSIONS] }),
    modelReady: async ({ name, version }, { caller }) => {
      const key = readModelName(name, caller.workspace, defaultAlias);
      const wanted = readModelVersion(version, 'version');
      const { current } = findSlot(models, key, name);
      return { ready: current !== undefined && (wanted === undefined || wanted === current.ref.version) };
    },
    modelMetadata: async ({ name, version }, { caller }): Promise<ModelMetadataResponse> => {
      const key = readModelName(name, caller.workspace, defaultAlias);
      const { ref, scorer } = findVersion(models, key, name, version, 'version');
      return {
        name,
        versions: [`${ref.version}`],
        platform: PLATFORM,
        inputs: scorer.signature.inputs.map(toTensorMetadata),
        outputs: scorer.signature.outputs.map(toTensorMetadata),
      };
    },
    modelInfer: createModelInfer(dependencies),
  };
  return implementService(servedInferenceService, handlers);
}
