/** Datatype names of the Open Inference Protocol v2 that the runtimes can run. */
export const DATATYPES = [
  'BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64', 'BYTES',
] as const; // prettier-ignore
export type Datatype = (typeof DATATYPES)[number];

/** Element storage by datatype: FP16 as its 16 bits, BOOL as 0 and 1, BYTES as text (UTF-8 on the wire). */
export interface TensorDataByType {
  BOOL: Uint8Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  UINT32: Uint32Array;
  UINT64: BigUint64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  FP16: Uint16Array;
  FP32: Float32Array;
  FP64: Float64Array;
  BYTES: readonly string[];
}

/** Values in row-major order; the product of `shape` is the number of elements. */
export type Tensor = {
  [Type in Datatype]: {
    readonly name: string;
    readonly datatype: Type;
    readonly shape: readonly number[];
    readonly data: TensorDataByType[Type];
  };
}[Datatype];

/** A declared input or output: -1 marks a dimension of any size. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}
