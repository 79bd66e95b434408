import type { Datatype } from '@slipway/plugin-kit';
import type { TensorContents } from './onnx-model.ts';

/** Number of an element type in `TensorProto.DataType`. */
export const ONNX_ELEMENT_TYPE: Readonly<Record<Datatype, number>> = {
  FP32: 1, UINT8: 2, INT8: 3, UINT16: 4, INT16: 5, INT32: 6, INT64: 7, BYTES: 8, BOOL: 9, FP16: 10, FP64: 11, UINT32: 12, UINT64: 13,
}; // prettier-ignore

const DATATYPE_BY_NUMBER = new Map(
  Object.entries(ONNX_ELEMENT_TYPE).map(([name, number]) => [number, name as Datatype]),
);

/** Open Inference name of an ONNX element type, undefined for the ones no runtime of ours passes in or out (bfloat16, complex, 8- and 4-bit floats). */
export const datatypeOf = (elementType: number): Datatype | undefined => DATATYPE_BY_NUMBER.get(elementType);

/** How many values of a tensor share one stored byte or entry, and which typed field holds them when `raw_data` does not. */
export interface ElementLayout {
  readonly bits: number;
  readonly field: Exclude<keyof TensorContents, 'rawBytes'>;
}

const layout = (bits: number, field: ElementLayout['field']): ElementLayout => ({ bits, field });

/** Element types allowed in initializers and constants: the datatypes of the signature and the narrow ones of quantised weights. */
export const ELEMENT_LAYOUT: ReadonlyMap<number, ElementLayout> = new Map([
  [1, layout(32, 'float')],
  [2, layout(8, 'int32')],
  [3, layout(8, 'int32')],
  [4, layout(16, 'int32')],
  [5, layout(16, 'int32')],
  [6, layout(32, 'int32')],
  [7, layout(64, 'int64')],
  [8, layout(0, 'string')], // no fixed size, never in raw_data
  [9, layout(8, 'int32')],
  [10, layout(16, 'int32')],
  [11, layout(64, 'double')],
  [12, layout(32, 'uint64')],
  [13, layout(64, 'uint64')],
  [16, layout(16, 'int32')], // bfloat16
  [17, layout(8, 'int32')], // float8 e4m3fn, e4m3fnuz, e5m2, e5m2fnuz
  [18, layout(8, 'int32')],
  [19, layout(8, 'int32')],
  [20, layout(8, 'int32')],
  [21, layout(4, 'int32')], // uint4, int4: two in a byte
  [22, layout(4, 'int32')],
]);
