// Just enough of protobuf and of ONNX (IR version 8, opset 17, ai.onnx.ml 2) for the one graph that this trainer makes.
// Field numbers are those of onnx.proto3.

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

const integer = (field: number, value: number): Buffer => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.byteLength)]), content]);
const text = (field: number, content: string): Buffer => bytes(field, Buffer.from(content));
const message = (field: number, ...fields: readonly Buffer[]): Buffer => bytes(field, Buffer.concat(fields));

function floats(values: readonly number[]): Buffer {
  const raw = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) raw.writeFloatLE(value, at * 4);
  return raw;
}

const FLOAT = 1;
const STRING = 8;

export type Attribute =
  | { readonly name: string; readonly float: number }
  | { readonly name: string; readonly int: number }
  | { readonly name: string; readonly floats: readonly number[] }
  | { readonly name: string; readonly strings: readonly string[] };

export interface OnnxNode {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: readonly Attribute[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** FP32 values known beforehand. */
  readonly constants: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly values: readonly number[];
  }[];
  /** Each of shape [-1, 1]. */
  readonly inputs: readonly { readonly name: string; readonly isText: boolean }[];
  /** FP32 [-1, 1]. */
  readonly output: string;
}

function attribute(given: Attribute): Buffer {
  const name = text(1, given.name);
  if ('float' in given)
    return message(5, name, Buffer.concat([Buffer.from(varint(2 * 8 + 5)), floats([given.float])]), integer(20, 1));
  if ('int' in given) return message(5, name, integer(3, given.int), integer(20, 2));
  if ('floats' in given) return message(5, name, bytes(7, floats(given.floats)), integer(20, 6));
  return message(5, name, ...given.strings.map((item) => text(9, item)), integer(20, 8));
}

function node({ op, domain, inputs, output, attributes = [] }: OnnxNode): Buffer {
  const names = inputs.map((name) => text(1, name));
  return message(
    1,
    ...names,
    text(2, output),
    text(4, op),
    ...attributes.map(attribute),
    ...(domain ? [text(7, domain)] : []),
  );
}

/** A value of shape [rows, 1]. */
function valueInfo(field: number, name: string, type: number): Buffer {
  const shape = message(2, message(1, text(2, 'rows')), message(1, integer(1, 1)));
  return message(field, text(1, name), message(2, message(1, integer(1, type), shape)));
}

/** The bytes of a whole model. */
export function encodeOnnx({ nodes, constants, inputs, output }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.map(node),
    text(2, 'newton'),
    ...constants.map(({ name, shape, values }) =>
      message(5, ...shape.map((size) => integer(1, size)), integer(2, FLOAT), text(8, name), bytes(9, floats(values))),
    ),
    ...inputs.map(({ name, isText }) => valueInfo(11, name, isText ? STRING : FLOAT)),
    valueInfo(12, output, FLOAT),
  ];
  const opset = (domain: string, version: number): Buffer => message(8, text(1, domain), integer(2, version));
  const model = [
    integer(1, 8),
    text(2, 'slipway-plugin-example'),
    message(7, ...graph),
    opset('', 17),
    opset('ai.onnx.ml', 2),
  ];
  return new Uint8Array(Buffer.concat(model));
}
