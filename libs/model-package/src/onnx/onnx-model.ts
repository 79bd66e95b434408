/** What inspection needs of onnx.proto (IR version 3 to 13); the values of tensors and attributes stay in the file. */
export interface OnnxModel {
  readonly irVersion: bigint;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: bigint }[];
  readonly graph: OnnxGraph | undefined;
  readonly functionCount: number;
  readonly trainingInfoCount: number;
}

export interface OnnxGraph {
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
  readonly sparseInitializers: OnnxSparseTensor[];
  readonly inputs: OnnxValueInfo[];
  readonly outputs: OnnxValueInfo[];
}

export interface OnnxNode {
  readonly inputs: string[];
  readonly outputs: string[];
  opType: string;
  domain: string;
  readonly attributes: OnnxAttribute[];
}

/** Only what can hold tensors or graphs; a plain number or text is kept by name alone. */
export interface OnnxAttribute {
  name: string;
  isReference: boolean;
  readonly tensors: OnnxTensor[];
  readonly graphs: OnnxGraph[];
  readonly sparseTensors: OnnxSparseTensor[];
}

/** Where a tensor's values are: number of entries of each typed field, bytes of `raw_data`. */
export interface TensorContents {
  rawBytes: number | undefined;
  float: number;
  int32: number;
  string: number;
  int64: number;
  double: number;
  uint64: number;
}

export interface OnnxTensor {
  name: string;
  readonly dims: bigint[];
  dataType: number;
  readonly contents: TensorContents;
  readonly externalData: { readonly key: string; readonly value: string }[];
  isExternal: boolean;
  hasSegment: boolean;
}

export interface OnnxSparseTensor {
  values: OnnxTensor | undefined;
  indices: OnnxTensor | undefined;
  readonly dims: bigint[];
}

/** `value` of a dimension is undefined when it has a name, or nothing at all. */
export interface OnnxDimension {
  value: bigint | undefined;
  name: string | undefined;
}

export interface OnnxValueInfo {
  name: string;
  kind: 'none' | 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'opaque';
  elementType: number;
  dimensions: OnnxDimension[] | undefined;
}
