import { packageDefinition } from '@slipway/contracts';
import type { ModelInferRequest, ModelInferResponse } from '@slipway/contracts/inference';
import type { MethodDefinition } from '@grpc/proto-loader';
import { INPUT, OUTPUT, type LinearModel } from './linear-model.ts';

/** ModelInfer with the codec that proto-loader makes, whatever codec our own service uses. */
export const genericInfer = (
  packageDefinition['inference.GRPCInferenceService'] as unknown as Record<
    string,
    MethodDefinition<ModelInferRequest, ModelInferResponse>
  >
)['ModelInfer'] as MethodDefinition<ModelInferRequest, ModelInferResponse>;

export interface Batch {
  readonly rows: number;
  /** rows x features. */
  readonly values: Float32Array;
}

/** `count` batches of distinct rows. */
export function batchesOf(values: Float32Array, rows: number, features: number): readonly Batch[] {
  const size = rows * features;
  return Array.from({ length: values.length / size }, (_, index) => ({
    rows,
    values: values.subarray(index * size, (index + 1) * size),
  }));
}

/** One call with raw contents. */
export function requestOf(model: LinearModel, { rows, values }: Batch): ModelInferRequest {
  return {
    model_name: model.name,
    inputs: [{ name: INPUT, datatype: 'FP32', shape: [rows, model.features] }],
    raw_input_contents: [Buffer.from(values.buffer, values.byteOffset, values.byteLength)],
  };
}

/** A message as gRPC frames it: not compressed, its length, its bytes. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}

/** What the echo answers to `rows` rows: the shape of our own answer. */
export function echoAnswer(request: ModelInferRequest, scores: Buffer): ModelInferResponse {
  return {
    model_name: request.model_name ?? '',
    model_version: '1',
    id: request.id ?? '',
    outputs: [{ name: OUTPUT, datatype: 'FP32', shape: [scores.length / 4, 1] }],
    raw_output_contents: [scores],
  };
}
