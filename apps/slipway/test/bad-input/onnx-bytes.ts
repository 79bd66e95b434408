import protobuf from 'protobufjs';

/** The parts of onnx.proto that the tests write, from the field numbers of the ONNX specification. */
const onnx = protobuf.parse(
  `
  syntax = "proto3";
  message Opset { string domain = 1; int64 version = 2; }
  message Entry { string key = 1; string value = 2; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; string name = 8; bytes raw_data = 9; repeated Entry external_data = 13; int32 data_location = 14; }
  message Attribute { string name = 1; Tensor t = 5; Graph g = 6; int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; string domain = 7; }
  message Dim { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message Shape { repeated Dim dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
  message Function { string name = 1; }
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated Opset opset_import = 8; repeated Function functions = 25; }
`,
  { keepCase: true },
).root;

type Fields = Record<string, unknown>;
export const FLOAT = 1;
export const STRING = 8;
export const BOOL = 9;

export const valueInfo = (name: string, type: number, dims: readonly (number | string)[]): Fields => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dim_param: dim } : { dim_value: dim })) },
    },
  },
});

export const node = (op: string, input: readonly string[], output: readonly string[], more: Fields = {}): Fields => ({
  op_type: op,
  input,
  output,
  ...more,
});

/** The graph y = -x over FP32 [n, 2]; `graph` and `model` replace parts of it. */
export function onnxModel(graph: Fields = {}, model: Fields = {}): Buffer {
  const type = onnx.lookupType('Model');
  return Buffer.from(
    type
      .encode(
        type.fromObject({
          ir_version: 8,
          producer_name: 'test',
          opset_import: [{ domain: '', version: 17 }],
          graph: {
            name: 'g',
            node: [node('Neg', ['x'], ['y'])],
            input: [valueInfo('x', FLOAT, ['n', 2])],
            output: [valueInfo('y', FLOAT, ['n', 2])],
            ...graph,
          },
          ...model,
        }),
      )
      .finish(),
  );
}

/** One pass-through per type, so that each datatype has an input of its own. */
export function passThroughModel(): Buffer {
  const inputs: [string, number][] = [
    ['floats', FLOAT],
    ['flags', BOOL],
    ['texts', STRING],
  ];
  return onnxModel({
    node: inputs.map(([name]) => node('Identity', [name], [`${name}_out`])),
    input: inputs.map(([name, type]) => valueInfo(name, type, ['n'])),
    output: inputs.map(([name, type]) => valueInfo(`${name}_out`, type, ['n'])),
  });
}

/** A graph inside an attribute of a node inside an attribute ..., built from the inside as bytes: no recursion here either. */
export function nestedModel(depth: number): Buffer {
  const bytesField = (number: number, bytes: Uint8Array): Uint8Array =>
    protobuf.Writer.create()
      .uint32(number * 8 + 2)
      .bytes(bytes)
      .finish();
  let graph: Uint8Array = Buffer.alloc(0);
  const op = protobuf.Writer.create()
    .uint32(4 * 8 + 2)
    .string('If')
    .finish();
  for (let level = 0; level < depth; level += 1) {
    const attribute = bytesField(5, bytesField(6, graph));
    graph = bytesField(1, Buffer.concat([op, attribute]));
  }
  return Buffer.concat([onnxModel({}, { graph: undefined }), bytesField(7, graph)]);
}
