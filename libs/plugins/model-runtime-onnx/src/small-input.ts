import type { Datatype, Tensor, TensorSpec } from '@slipway/plugin-kit';

/** Elements of a made-up input: fixed sizes above this (a video, say) are not tried. */
const ELEMENTS_MAX = 16_777_216;

const ZEROS: { readonly [Type in Datatype]: (count: number) => Extract<Tensor, { datatype: Type }>['data'] } = {
  BOOL: (count) => new Uint8Array(count),
  UINT8: (count) => new Uint8Array(count),
  UINT16: (count) => new Uint16Array(count),
  UINT32: (count) => new Uint32Array(count),
  UINT64: (count) => new BigUint64Array(count),
  INT8: (count) => new Int8Array(count),
  INT16: (count) => new Int16Array(count),
  INT32: (count) => new Int32Array(count),
  INT64: (count) => new BigInt64Array(count),
  FP16: (count) => new Uint16Array(count),
  FP32: (count) => new Float32Array(count),
  FP64: (count) => new Float64Array(count),
  BYTES: (count) => Array.from({ length: count }, () => ''),
};

/** An input of zeros (empty texts) with 1 for each open dimension; undefined when its fixed sizes make it too large. */
export function smallInput({ name, datatype, shape }: TensorSpec): Tensor | undefined {
  const sizes = shape.map((dim) => (dim < 0 ? 1 : dim));
  const count = sizes.reduce((product, dim) => product * dim, 1);
  if (count > ELEMENTS_MAX) return undefined;
  return { name, datatype, shape: sizes, data: ZEROS[datatype](count) } as Tensor;
}
