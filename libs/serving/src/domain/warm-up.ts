import { InvalidArgumentError, type Logger } from '@slipway/kernel';
import type { Tensor, TensorSpec } from '@slipway/plugin-kit';
import type { LoadedScorer } from './ports.ts';

/** A graph with larger fixed inputs is not called in advance. */
const ELEMENTS_MAX = 16 * 1024 * 1024;

/** Zeros and empty texts; a dimension of any size is 1. Undefined when it would be too large. */
export function zeroTensor({ name, datatype, shape: declared }: TensorSpec): Tensor | undefined {
  const shape = declared.map((dimension) => (dimension === -1 ? 1 : dimension));
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (count > ELEMENTS_MAX) return undefined;
  const make: { readonly [Type in Tensor['datatype']]: () => Tensor['data'] } = {
    BOOL: () => new Uint8Array(count),
    UINT8: () => new Uint8Array(count),
    UINT16: () => new Uint16Array(count),
    UINT32: () => new Uint32Array(count),
    UINT64: () => new BigUint64Array(count),
    INT8: () => new Int8Array(count),
    INT16: () => new Int16Array(count),
    INT32: () => new Int32Array(count),
    INT64: () => new BigInt64Array(count),
    FP16: () => new Uint16Array(count),
    FP32: () => new Float32Array(count),
    FP64: () => new Float64Array(count),
    BYTES: () => Array<string>(count).fill(''),
  };
  return { name, datatype, shape, data: make[datatype]() } as Tensor;
}

/**
 * One call before the first real one: it pays for what the runtime puts off until then, and shows that the graph runs at all. A graph that
 * refuses the made-up values passes; it may well take real ones.
 * @throws whatever else the call throws.
 */
export async function warmUp(scorer: LoadedScorer, log: Logger, signal: AbortSignal): Promise<void> {
  const inputs = scorer.signature.inputs.map(zeroTensor);
  if (!inputs.every((input) => input !== undefined)) return;
  try {
    await scorer.score(inputs, undefined, signal);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    log.info({ err: error }, 'the graph refuses made-up inputs; it is served without having been called');
  }
}
