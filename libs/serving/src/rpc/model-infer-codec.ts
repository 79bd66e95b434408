import type { MethodDescriptor, ServiceDescriptor } from '@slipway/contracts';
import { gRPCInferenceService, type GRPCInferenceService, type ModelInferResponse } from '@slipway/contracts/inference';
import { sendingEarlyBytes } from './early-encoding.ts';
import { readCommonRequest } from './model-infer-reader.ts';
import { writeCommonResponse } from './model-infer-writer.ts';

/**
 * ModelInfer with a codec by hand for requests and responses in raw contents, which most of the traffic is: the general codec costs more
 * than a small model. Both give the same messages; what the one by hand does not know goes to the general one.
 */
export function withFastCodec(method: MethodDescriptor): MethodDescriptor {
  const { wire } = method;
  return {
    ...method,
    wire: {
      ...wire,
      requestDeserialize: (bytes) => readCommonRequest(bytes) ?? wire.requestDeserialize(bytes),
      responseSerialize: (response) => writeCommonResponse(response) ?? wire.responseSerialize(response),
    },
  };
}

/** The contract as our server serves it. */
export const servedInferenceService: ServiceDescriptor<GRPCInferenceService> = {
  ...gRPCInferenceService,
  methods: {
    ...gRPCInferenceService.methods,
    modelInfer: sendingEarlyBytes(withFastCodec(gRPCInferenceService.methods.modelInfer)),
  },
};

/** The bytes of an answer. */
export function encodeResponse(response: ModelInferResponse): Buffer {
  return servedInferenceService.methods.modelInfer.wire.responseSerialize(response);
}
