import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import { PYTHON_MODELS } from '../testing/python-models.ts';
import { buildModel, type GraphDescription, type NodeDescription } from './graph-builder.ts';
import { inspectGraph, type InspectOptions } from './inspect-graph.ts';
import { encodeMessage, int, text, type WireField } from './wire-writer.ts';

const python = (name: keyof typeof PYTHON_MODELS): Uint8Array => Buffer.from(PYTHON_MODELS[name], 'base64');

const violationsOf = (bytes: Uint8Array, options?: InspectOptions): Record<string, string> => {
  try {
    inspectGraph(bytes, options);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).reason).toBe('MODEL_GRAPH_INVALID');
    return Object.fromEntries(
      (error as InvalidArgumentError).violations.map(({ field, description }) => [field, description]),
    );
  }
  throw new Error('was accepted');
};

const graph = (changes: Partial<GraphDescription> = {}): GraphDescription => ({
  name: 'g',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
  ...changes,
});
const model = (changes: Partial<GraphDescription> = {}, opsets = [{ domain: '', version: 17 }]): Uint8Array =>
  buildModel({ producer: 'test', opsets, graph: graph(changes) });

/** A model whose graph has raw fields of our choosing after the usual ones. */
const withFields = (inGraph: WireField[], inModel: WireField[] = []): Uint8Array =>
  encodeMessage([
    [1, int(8)],
    [8, { message: [[1, text('')], [2, int(17)]] }],
    [7, {
      message: [
        [1, { message: [[1, text('x')], [2, text('y')], [4, text('Neg')]] }],
        [11, { message: [[1, text('x')], [2, { message: [[1, { message: [[1, int(1)], [2, { message: [] }]] }]] }]] }],
        [12, { message: [[1, text('y')], [2, { message: [[1, { message: [[1, int(1)], [2, { message: [] }]] }]] }]] }],
        ...inGraph,
      ],
    }],
    ...inModel,
  ]); // prettier-ignore

/** TensorProto of floats. @param more further fields. */
const tensor = (dims: readonly (number | bigint)[], more: WireField[], type = 1): WireField[] => [
  ...dims.map((dim): WireField => [1, int(dim)]),
  [2, int(type)],
  [8, text('w')],
  ...more,
];
const initializer = (fields: WireField[]): Uint8Array => withFields([[5, { message: fields }]]);
const entry = (key: string, value: string): WireField => [13, { message: [[1, text(key)], [2, text(value)]] }]; // prettier-ignore

describe('inspectGraph', () => {
  it('reads what the Python package onnx has written', () => {
    expect(inspectGraph(python('labelEncoder'))).toEqual({
      signature: {
        inputs: [{ name: 'a', datatype: 'BYTES', shape: [-1, 1] }],
        outputs: [{ name: 'b', datatype: 'FP64', shape: [-1, 1] }],
      },
      inputDimensionNames: [['N', undefined]],
      opsets: [{ domain: 'ai.onnx', version: 17 }, { domain: 'ai.onnx.ml', version: 4 }], // prettier-ignore
      nodeCount: 1,
      parameterCount: 7,
      irVersion: 8,
      producer: 'x',
      externalFiles: [],
    });
    expect(inspectGraph(python('branches'))).toMatchObject({ nodeCount: 3, parameterCount: 2 });
    expect(inspectGraph(python('branches')).signature.inputs[0]).toEqual({ name: 'c', datatype: 'BOOL', shape: [] });
    expect(inspectGraph(python('typedFields')).parameterCount).toBe(4);
    expect(inspectGraph(python('sparse')).parameterCount).toBe(4);
    const every = inspectGraph(python('everyDatatype')).signature;
    expect(every.inputs.map(({ name, datatype }) => name === `in_${datatype}`)).toEqual(Array(13).fill(true));
  });

  it('takes an operator set that is imported again as it was, as skl2onnx writes it', () => {
    const again = [{ domain: 'ai.onnx', version: 17 }, { domain: '', version: 17 }]; // prettier-ignore
    expect(inspectGraph(model({}, again)).opsets).toEqual([{ domain: 'ai.onnx', version: 17 }]);
  });
  it('reads what our own writer has written', () => {
    const found = inspectGraph(model());
    expect(found.signature).toEqual({ inputs: graph().inputs, outputs: graph().outputs });
    expect(found).toMatchObject({ producer: 'test', irVersion: 8, nodeCount: 1, parameterCount: 0 });
  });

  it('leaves out inputs that an initializer fills', () => {
    const both = graph().inputs.concat({ name: 'w', datatype: 'FP32', shape: [2] });
    const weights = { name: 'w', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) } as const;
    const nodes = [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }];
    expect(inspectGraph(model({ inputs: both, initializers: [weights], nodes })).signature.inputs).toEqual(
      graph().inputs,
    );
  });

  it('asks for zipmap off where an output is no tensor', () => {
    expect(violationsOf(python('sequence'))['graph.output[0].type']).toMatch(/export with zipmap off/);
  });

  const chain = (nodes: readonly NodeDescription[]): Uint8Array => model({ nodes });
  const body = (nodes: readonly NodeDescription[]): GraphDescription => graph({ inputs: [], nodes });
  it.each<[string, Uint8Array, string, RegExp]>([
    ['an empty file', new Uint8Array(0), 'graph', /missing/],
    ['an old opset', model({}, [{ domain: '', version: 6 }]), 'opset_import[0]', /6 of ai.onnx is outside 7 to 25/],
    ['a new opset', model({}, [{ domain: '', version: 26 }]), 'opset_import[0]', /26 of ai.onnx is outside 7 to 25/],
    ['a custom domain', model({}, [{ domain: '', version: 17 }, { domain: 'com.evil', version: 1 }]), 'opset_import[1]', /'com.evil' needs custom operators/],
    ['a domain twice', model({}, [{ domain: '', version: 17 }, { domain: 'ai.onnx', version: 9 }]), 'opset_import[1]', /twice/],
    ['no opset', model({}, []), 'opset_import', /empty/],
    ['a node of a domain not imported', chain([{ op: 'Neg', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'] }]), 'graph.node[0].domain', /not among/],
    ['an IR of the future', buildModel({ producer: '', irVersion: 14, opsets: [{ domain: '', version: 17 }], graph: graph() }), 'ir_version', /14 is outside/],
    ['a cycle', chain([{ op: 'Add', inputs: ['x', 'b'], outputs: ['a'] }, { op: 'Neg', inputs: ['a'], outputs: ['b'] }, { op: 'Neg', inputs: ['b'], outputs: ['y'] }]), 'graph.node[0].input[1]', /'b' is produced by no/],
    ['nodes out of order', chain([{ op: 'Neg', inputs: ['a'], outputs: ['y'] }, { op: 'Neg', inputs: ['x'], outputs: ['a'] }]), 'graph.node[0].input[0]', /sort the nodes/],
    ['a value produced twice', chain([{ op: 'Neg', inputs: ['x'], outputs: ['y'] }, { op: 'Neg', inputs: ['x'], outputs: ['y'] }]), 'graph.node[1].output[0]', /twice/],
    ['a node that overwrites an input', chain([{ op: 'Neg', inputs: ['x'], outputs: ['x'] }]), 'graph.node[0].output[0]', /twice/],
    ['an output that nobody makes', chain([{ op: 'Neg', inputs: ['x'], outputs: ['z'] }]), 'graph.output[0]', /no node produces 'y'/],
    ['an inner graph that reads a later value', chain([{ op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: { graph: body([{ op: 'Neg', inputs: ['later'], outputs: ['y2'] }, { op: 'Neg', inputs: ['y2'], outputs: ['q'] }]) } } }]), 'graph.node[0].attribute[0].graph[0].node[0].input[0]', /'later'/],
    ['an inner graph that produces an outer name', chain([{ op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: { graph: body([{ op: 'Neg', inputs: ['x'], outputs: ['x'] }]) } } }]), 'graph.node[0].attribute[0].graph[0].node[0].output[0]', /twice/],
    ['an input twice', model({ inputs: [...graph().inputs, ...graph().inputs] }), 'graph.input[1].name', /twice/],
    ['a dimension above 2^32', model({ inputs: [{ name: 'x', datatype: 'FP32', shape: [2 ** 40] }] }), 'graph.input[0].type.tensor_type.shape.dim[0]', /outside/],
    ['local functions', withFields([], [[25, { message: [[1, text('f')]] }]]), 'functions', /onnx.inliner/],
    ['training information', withFields([], [[20, { message: [] }]]), 'training_info', /inference/],
    ['bfloat16 inputs', withFields([[11, { message: [[1, text('b')], [2, { message: [[1, { message: [[1, int(16)], [2, { message: [] }]] }]] }]] }]]), 'graph.input[1].type.tensor_type.elem_type', /cast it to FP32/],
    ['an input without a shape', withFields([[11, { message: [[1, text('b')], [2, { message: [[1, { message: [[1, int(1)]] }]] }]] }]]), 'graph.input[1].type.tensor_type.shape', /shape_inference/],
    ['two graphs, which readers would merge', withFields([], [[7, { message: [] }]]), 'model', /field 7 twice/],
  ])('refuses %s', (_, bytes, field, description) => {
    expect(violationsOf(bytes)[field]).toMatch(description);
  }); // prettier-ignore

  const raw = (bytes: number): WireField => [9, { bytes: new Uint8Array(bytes) }];
  it.each<[string, Uint8Array, string, RegExp]>([
    ['too few bytes', initializer(tensor([2], [raw(4)])), 'graph.initializer[0].raw_data', /has 4 bytes; .* need 8/],
    ['too many bytes', initializer(tensor([2], [raw(12)])), 'graph.initializer[0].raw_data', /need 8/],
    ['no values', initializer(tensor([2], [])), 'graph.initializer[0]', /has 0 values; its shape needs 2/],
    ['values in the wrong field', initializer(tensor([1], [[7, int(5)]])), 'graph.initializer[0]', /int64_data/],
    ['values twice', initializer(tensor([1], [raw(4), [4, { fixed32: 1 }]])), 'graph.initializer[0]', /both/],
    ['a negative dimension', initializer(tensor([-1], [raw(4)])), 'graph.initializer[0].dims[0]', /negative/],
    ['a product that overflows to 0', initializer(tensor([2n ** 32n, 2n ** 32n], [])), 'graph.initializer[0].dims', /needs 73786976294838206464 bytes/],
    ['a product that overflows to 16', initializer(tensor([2n ** 60n + 2n, 16n], [raw(128)])), 'graph.initializer[0].dims', /needs/],
    ['a rank of 33', initializer(tensor(Array<number>(33).fill(1), [raw(4)])), 'graph.initializer[0].dims', /rank 33/],
    ['an unknown element type', initializer(tensor([1], [raw(4)], 99)), 'graph.initializer[0].data_type', /99/],
    ['complex numbers', initializer(tensor([1], [raw(8)], 14)), 'graph.initializer[0].data_type', /14/],
    ['texts in raw bytes', initializer(tensor([1], [raw(4)], 8)), 'graph.initializer[0].raw_data', /string_data/],
    ['a segment', initializer(tensor([1], [raw(4), [3, { message: [] }]])), 'graph.initializer[0].segment', /segments/],
    ['no name', initializer([[2, int(1)], raw(4)]), 'graph.initializer[0].name', /name/],
    ['a sparse tensor that explodes', withFields([[15, { message: [[1, { message: tensor([1], [raw(4)]) }], [2, { message: [[1, int(1)], [2, int(7)], [9, { bytes: new Uint8Array(8) }]] }], [3, int(2 ** 40)]] }]]), 'graph.sparse_initializer[0].dims', /4398046511104 bytes when dense/],
  ])('refuses an initializer with %s', (_, bytes, field, description) => {
    expect(violationsOf(bytes)[field]).toMatch(description);
  }); // prettier-ignore

  const external = (location: string, ...more: WireField[]): WireField[] => tensor([2], [entry('location', location), [14, int(1)], ...more]); // prettier-ignore
  const packageFiles = [{ path: 'weights/w.bin', bytes: 16 }];
  it('takes external data that lies in a file of the package', () => {
    const bytes = initializer(external('weights/w.bin', entry('offset', '8'), entry('length', '8')));
    expect(inspectGraph(bytes, { packageFiles }).externalFiles).toEqual(['weights/w.bin']);
    expect(violationsOf(bytes)['graph.initializer[0].external_data']).toMatch(/not a file of the package/);
  });

  // the second last is the runtime's name for an address in its own memory
  const places = ['../w.bin', '/etc/passwd', 'a/../../w.bin', 'weights/../weights/w.bin', 'weights\\w.bin', 'C:\\w.bin', 'weights/w.bin\0', './weights/w.bin', 'weights//w.bin', 'file:///etc/passwd', '*/_ORT_MEM_ADDR_/*', '']; // prettier-ignore
  it.each(places)('refuses external data at %j, wherever the tensor is', (place) => {
    const refused = /is not a plain relative path/;
    const spots: [string, WireField[]][] = [
      ['graph.initializer[0].external_data', [[5, { message: external(place) }]]],
      ['graph.sparse_initializer[0].values.external_data', [[15, { message: [[1, { message: external(place) }], [2, { message: external(place) }]] }]]],
      ['graph.sparse_initializer[0].indices.external_data', [[15, { message: [[1, { message: external(place) }], [2, { message: external(place) }]] }]]],
      ['graph.node[1].attribute[0].tensor[0].external_data', [[1, { message: [[4, text('Constant')], [5, { message: [[5, { message: external(place) }]] }]] }]]],
      ['graph.node[1].attribute[0].tensor[0].external_data', [[1, { message: [[4, text('Constant')], [5, { message: [[10, { message: external(place) }]] }]] }]]],
      ['graph.node[1].attribute[0].sparse_tensor[0].values.external_data', [[1, { message: [[4, text('Constant')], [5, { message: [[22, { message: [[1, { message: external(place) }], [2, { message: external(place) }]] }]] }]] }]]],
      ['graph.node[1].attribute[0].graph[0].initializer[0].external_data', [[1, { message: [[4, text('If')], [5, { message: [[6, { message: [[5, { message: external(place) }]] }]] }]] }]]],
    ]; // prettier-ignore
    for (const [field, fields] of spots) {
      expect(violationsOf(withFields(fields), { packageFiles })[field], field).toMatch(refused);
    }
  });

  it.each<[string, WireField[], RegExp]>([
    ['past the end of the file', external('weights/w.bin', entry('offset', '12')), /past the end/],
    ['with another length', external('weights/w.bin', entry('length', '4')), /length 4/],
    ['at an offset that is no number', external('weights/w.bin', entry('offset', '-1')), /decimal/],
    ['with two locations', external('weights/w.bin', entry('location', '../w.bin')), /twice/],
    ['that is not announced', tensor([2], [entry('location', 'weights/w.bin')]), /EXTERNAL/],
  ])('refuses external data %s', (_, fields, description) => {
    expect(violationsOf(initializer(fields), { packageFiles })['graph.initializer[0].external_data']).toMatch(
      description,
    );
  });

  it('bounds nodes, nesting, parts and bytes', () => {
    const many = model({ nodes: Array.from({ length: 101 }, (_, n) => ({ op: 'Neg', inputs: ['x'], outputs: [n ? `v${n}` : 'y'] })) }); // prettier-ignore
    expect(violationsOf(many, { limits: { nodesMax: 100 } })['graph']).toMatch(/more than 100 nodes/);
    expect(violationsOf(many, { limits: { partsMax: 200 } })['graph.node[39]']).toMatch(
      /more parts than a model may have/,
    );
    expect(inspectGraph(many, { limits: { nodesMax: 101 } }).nodeCount).toBe(101);
    expect(violationsOf(many, { limits: { modelBytesMax: 100 } })['model']).toMatch(/a graph may have 100/);
    const weights = { name: 'w', datatype: 'FP32', shape: [1000], data: new Float32Array(1000) } as const;
    const heavy = violationsOf(model({ initializers: [weights] }), { limits: { tensorBytesMax: 3999 } });
    expect(heavy['graph.initializer[0].dims']).toMatch(/needs 4000 bytes; a tensor may have 3999/);
  });

  it('refuses graphs nested without end before its own stack is at risk', () => {
    let inner: WireField[] = [];
    for (let depth = 0; depth < 500; depth += 1) inner = [[1, { message: [[5, { message: [[6, { message: inner }]] }]] }]]; // prettier-ignore
    const [violation] = Object.values(violationsOf(withFields(inner)));
    expect(violation).toMatch(/nested more than 16 deep/);
  });

  it('does not multiply a file of empty messages in memory', () => {
    const nodes = Buffer.alloc(8_000_000);
    for (let at = 0; at < nodes.length; at += 2) nodes[at] = 0x0a; // field 1, length 0
    const bytes = encodeMessage([[1, int(8)], [7, { bytes: nodes }]]); // prettier-ignore
    const before = process.memoryUsage().heapUsed;
    const [violation] = Object.values(violationsOf(bytes));
    expect(violation).toMatch(/more parts than a model may have/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(400e6);
  });
});

describe('inspectGraph on damaged files', () => {
  const originals = [python('branches'), python('sparse'), python('everyDatatype'), python('labelEncoder'), model()];
  /** Neither a crash nor a hang: an answer, or the one error that is meant for it, in the time a small file takes. */
  const inspects = (bytes: Uint8Array): void => {
    const started = performance.now();
    try {
      expect(inspectGraph(bytes).nodeCount).toBeGreaterThanOrEqual(0);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as InvalidArgumentError).violations.length).toBeLessThanOrEqual(20);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  };

  it('answers for every truncation', () => {
    for (const original of originals) {
      for (let length = 0; length < original.length; length += 1) inspects(original.subarray(0, length));
    }
  });

  it('answers for all bit flips, one or several', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...originals), flips, (original, places) => {
        const bytes = Uint8Array.from(original);
        for (const [at, bit] of places) bytes[at % bytes.length]! ^= 1 << bit;
        inspects(bytes);
      }),
      { numRuns: 5_000 },
    );
  });

  it('answers for all bytes, and all splices of models', () => {
    const cut = fc.tuple(fc.constantFrom(...originals), fc.nat(1000), fc.nat(1000));
    const spliced = fc
      .array(cut, { minLength: 1, maxLength: 4 })
      .map((cuts) => Buffer.concat(cuts.map(([from, start, end]) => from.subarray(start, end))));
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), spliced), inspects), { numRuns: 5_000 });
  });
});
