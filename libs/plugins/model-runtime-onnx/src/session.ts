import ort from 'onnxruntime-node';
import { UnsupportedError } from '@slipway/kernel';
import type { ModelSignature, TensorSpec } from '@slipway/plugin-kit';
import { datatypeOfOrt } from './tensors.ts';

const FATAL_ONLY = 4; // its own log goes to stderr, a line for every bad request; errors reach us as exceptions anyway

/** A session from bytes, never from a path: so external data outside the file cannot be reached. */
export function createSession(model: Uint8Array, threads: number): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: FATAL_ONLY,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } }, // spinning burns a core between runs
  });
}

/** What the loaded session says about itself; -1 for a dimension without a fixed size. @throws {UnsupportedError} on sequences and maps. */
export const signatureOf = (session: ort.InferenceSession): ModelSignature => ({
  inputs: session.inputMetadata.map(specOf),
  outputs: session.outputMetadata.map(specOf),
});

function specOf(metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) {
    throw new UnsupportedError(`'${metadata.name}' is not a tensor; export with zipmap off`, {
      reason: 'MODEL_VALUE_UNSUPPORTED',
    });
  }
  const shape = metadata.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: metadata.name, datatype: datatypeOfOrt(metadata.type), shape };
}
