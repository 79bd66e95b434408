import ort from 'onnxruntime-node';
import { UnsupportedError } from '@slipway/kernel';
import type { Datatype, Tensor } from '@slipway/plugin-kit';

type OrtType = ort.Tensor['type'];

const ORT_TYPE: Readonly<Record<Datatype, OrtType>> = {
  BOOL: 'bool', UINT8: 'uint8', UINT16: 'uint16', UINT32: 'uint32', UINT64: 'uint64', INT8: 'int8', INT16: 'int16', INT32: 'int32',
  INT64: 'int64', FP16: 'float16', FP32: 'float32', FP64: 'float64', BYTES: 'string',
}; // prettier-ignore

const DATATYPE = new Map(Object.entries(ORT_TYPE).map(([datatype, type]) => [type, datatype as Datatype]));

/** @throws {UnsupportedError} on a type the Open Inference names do not cover. */
export function datatypeOfOrt(type: string): Datatype {
  const datatype = DATATYPE.get(type as OrtType);
  if (!datatype)
    throw new UnsupportedError(`element type ${type} is not supported`, { reason: 'DATATYPE_UNSUPPORTED' });
  return datatype;
}

/** The runtime reads the typed array itself; only texts are copied, element by element, when it runs. */
export function toOrt({ datatype, data, shape }: Tensor): ort.Tensor {
  // the package's types tie each type name to its array; the port's union says the same, pair by pair
  const tensor = new ort.Tensor(ORT_TYPE[datatype] as 'float32', data as Float32Array, shape);
  // Where the engine has Float16Array, onnxruntime-common 1.30 turns the bits into one, which its own native part then reads as empty
  // ("not enough space: expected 4, got 0"). It takes the bits.
  if (datatype === 'FP16') Object.assign(tensor, { cpuData: data });
  return tensor;
}

/** Takes over the runtime's array without copying. */
export function fromOrt(name: string, tensor: ort.Tensor): Tensor {
  const datatype = datatypeOfOrt(tensor.type);
  return { name, datatype, shape: [...tensor.dims], data: sixteenBits(datatype, tensor.data) } as Tensor;
}

/** Where the engine has Float16Array the runtime hands out that; the port wants its bits. */
function sixteenBits(datatype: Datatype, data: ort.Tensor['data']): ort.Tensor['data'] {
  if (datatype !== 'FP16' || data instanceof Uint16Array || Array.isArray(data)) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}
