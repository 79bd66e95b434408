import type { Datatype, Tensor, TensorSpec } from '@slipway/plugin-kit';
import { ONNX_ELEMENT_TYPE } from './element-types.ts';
import { encodeMessage, int, text, type WireField, type WireValue } from './wire-writer.ts';

/** Value of a node's attribute. Whole numbers are INT, `{ float }` is FLOAT. */
export type AttributeValue =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: GraphDescription };

export interface NodeDescription {
  readonly op: string;
  /** Empty for the default domain. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface GraphDescription {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Stored tensors; `name` is the value they define. */
  readonly initializers?: readonly Tensor[];
  /** In topological order. */
  readonly nodes: readonly NodeDescription[];
}

export interface ModelDescription {
  readonly graph: GraphDescription;
  readonly producer: string;
  readonly irVersion?: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
}

/**
 * Bytes of an ONNX model, the same for equal descriptions. A dimension of -1 in position 0 is named `batch` (so that all inputs must agree in
 * it), elsewhere it has no name. Nothing is checked: `inspectGraph` does.
 */
export function buildModel({ graph, producer, irVersion = 8, opsets }: ModelDescription): Uint8Array {
  return encodeMessage([
    [1, int(irVersion)],
    [2, text(producer)],
    [7, { message: graphFields(graph) }],
    ...opsets.map(({ domain, version }): WireField => {
      return [8, { message: [[1, text(domain)], [2, int(version)]] }]; // prettier-ignore
    }),
  ]);
}

const graphFields = ({ name, inputs, outputs, initializers = [], nodes }: GraphDescription): WireField[] => [
  ...nodes.map((node): WireField => [1, { message: nodeFields(node) }]),
  [2, text(name)],
  ...initializers.map((tensor): WireField => [5, { message: tensorFields(tensor) }]),
  ...inputs.map((spec): WireField => [11, { message: valueFields(spec) }]),
  ...outputs.map((spec): WireField => [12, { message: valueFields(spec) }]),
];

const nodeFields = ({ op, domain = '', inputs, outputs, attributes = {} }: NodeDescription): WireField[] => [
  ...inputs.map((name): WireField => [1, text(name)]),
  ...outputs.map((name): WireField => [2, text(name)]),
  [4, text(op)],
  ...Object.entries(attributes).map(([name, value]): WireField => [5, { message: attributeFields(name, value) }]),
  [7, text(domain)],
];

/** Type numbers of `AttributeProto.AttributeType`. */
function attributeFields(name: string, value: AttributeValue): WireField[] {
  const fields = (type: number, ...values: WireField[]): WireField[] => [[1, text(name)], ...values, [20, int(type)]];
  if ('float' in value) return fields(1, [2, { fixed32: value.float }]);
  if ('int' in value) return fields(2, [3, int(value.int)]);
  if ('string' in value) return fields(3, [4, text(value.string)]);
  if ('tensor' in value) return fields(4, [5, { message: tensorFields(value.tensor) }]);
  if ('graph' in value) return fields(5, [6, { message: graphFields(value.graph) }]);
  if ('floats' in value) return fields(6, ...value.floats.map((each): WireField => [7, { fixed32: each }]));
  if ('ints' in value) return fields(7, ...value.ints.map((each): WireField => [8, int(each)]));
  return fields(8, ...value.strings.map((each): WireField => [9, text(each)]));
}

function tensorFields({ name, datatype, shape, data }: Tensor): WireField[] {
  const values: WireField[] = Array.isArray(data)
    ? (data as readonly string[]).map((each): WireField => [6, text(each)])
    : [[9, { bytes: littleEndian(data as ArrayBufferView) }]];
  return [...shape.map((dim): WireField => [1, int(dim)]), [2, elementType(datatype)], [8, text(name)], ...values];
}

/** Typed arrays are little-endian on every platform Node runs on. */
const littleEndian = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const elementType = (datatype: Datatype): WireValue => int(ONNX_ELEMENT_TYPE[datatype]);

function valueFields({ name, datatype, shape }: TensorSpec): WireField[] {
  const dimensions = shape.map((dim, index): WireField => {
    if (dim >= 0) return [1, { message: [[1, int(dim)]] }];
    return [1, { message: index === 0 ? [[2, text('batch')]] : [] }];
  });
  const tensorType: WireField[] = [[1, elementType(datatype)], [2, { message: dimensions }]]; // prettier-ignore
  return [[1, text(name)], [2, { message: [[1, { message: tensorType }]] }]]; // prettier-ignore
}
