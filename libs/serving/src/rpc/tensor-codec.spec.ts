import type { InferTensorContents, ModelInferRequest, ModelInferRequest__Output } from '@slipway/contracts/inference';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { DomainError } from '@slipway/kernel';
import { DATATYPES, type Datatype, type Tensor } from '@slipway/plugin-kit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementBytes } from './raw-elements.ts';
import { decodeInputs, encodeOutputs, readRequestedOutputs } from './tensor-codec.ts';

const { wire } = gRPCInferenceService.methods.modelInfer;
/** What a server gets of a request: once through the real codec of the wire. */
const received = (request: ModelInferRequest): ModelInferRequest__Output =>
  wire.requestDeserialize(wire.requestSerialize({ model_name: 'm', ...request })) as ModelInferRequest__Output;

function failureOf(action: () => unknown): DomainError {
  try {
    action();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const bytesOf = (tensor: Tensor): unknown =>
  tensor.datatype === 'BYTES'
    ? tensor.data
    : Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength).toString('hex');

const ARRAY = { BOOL: Uint8Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array, FP16: Uint16Array, FP32: Float32Array, FP64: Float64Array }; // prettier-ignore
const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const tensor = fc.tuple(fc.constantFrom(...DATATYPES), shapes, fc.string()).chain(([datatype, shape, name]) => {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  const exactly = { minLength: count, maxLength: count };
  if (datatype === 'BYTES') {
    return fc.array(fc.string({ unit: 'binary' }), exactly).map((data): Tensor => ({ name, datatype, shape, data }));
  }
  const width = elementBytes(datatype);
  const byte = datatype === 'BOOL' ? fc.integer({ min: 0, max: 1 }) : fc.integer({ min: 0, max: 255 });
  // any bits: NaNs with a payload, -0, infinities and subnormals among them
  return fc
    .array(byte, { minLength: count * width, maxLength: count * width })
    .map((bytes) => ({ name, datatype, shape, data: new ARRAY[datatype](Uint8Array.from(bytes).buffer) }) as Tensor);
});

describe('raw tensors', () => {
  it('come back bit for bit, whatever their type, over the real codec of the wire', () => {
    fc.assert(
      fc.property(fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 4 }), (tensors) => {
        const { outputs, raw_output_contents } = encodeOutputs(tensors);
        const request = received({ inputs: outputs, raw_input_contents: raw_output_contents });
        const decoded = decodeInputs(request, 1_000_000);
        expect(decoded.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(
          tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
        );
        expect(decoded.map(bytesOf)).toEqual(tensors.map(bytesOf));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the bits of special floats', () => {
    const bits = Uint32Array.of(0x7fc00001, 0xffc12345, 0x80000000, 0x7f800000, 0xff800000, 0x00000001);
    const special: Tensor = { name: 'x', datatype: 'FP32', shape: [6], data: new Float32Array(bits.buffer) };
    const { outputs, raw_output_contents } = encodeOutputs([special]);
    const [decoded] = decodeInputs(received({ inputs: outputs, raw_input_contents: raw_output_contents }), 100);
    expect(decoded && bytesOf(decoded)).toBe(Buffer.from(bits.buffer).toString('hex'));
  });
});

const typed = (datatype: Datatype, contents: InferTensorContents, elements: number): readonly Tensor[] =>
  decodeInputs(received({ inputs: [{ name: 'x', datatype, shape: [elements], contents }] }), 100);

describe('typed tensors', () => {
  it.each<[Datatype, InferTensorContents, unknown]>([
    ['BOOL', { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
    ['UINT8', { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
    ['UINT16', { uint_contents: [0, 65_535] }, Uint16Array.of(0, 65_535)],
    ['UINT32', { uint_contents: [0, 4_294_967_295] }, Uint32Array.of(0, 4_294_967_295)],
    ['UINT64', { uint64_contents: ['0', '18446744073709551615'] }, BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['INT8', { int_contents: [-128, 127] }, Int8Array.of(-128, 127)],
    ['INT16', { int_contents: [-32_768, 32_767] }, Int16Array.of(-32_768, 32_767)],
    ['INT32', { int_contents: [-2_147_483_648, 2_147_483_647] }, Int32Array.of(-2_147_483_648, 2_147_483_647)],
    ['INT64', { int64_contents: ['-9223372036854775808', '9007199254740993'] }, BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n)],
    ['FP32', { fp32_contents: [-0, Number.POSITIVE_INFINITY] }, Float32Array.of(-0, Number.POSITIVE_INFINITY)],
    ['FP64', { fp64_contents: [Number.NaN, 0.1] }, Float64Array.of(Number.NaN, 0.1)],
    ['BYTES', { bytes_contents: [Buffer.from('é'), Buffer.alloc(0)] }, ['é', '']],
  ])('reads %s', (datatype, contents, data) => {
    expect(typed(datatype, contents, 2)[0]).toEqual({ name: 'x', datatype, shape: [2], data });
  }); // prettier-ignore

  it('accepts no elements for a dimension of 0', () => {
    expect(typed('FP32', {}, 0)[0]?.data).toEqual(new Float32Array(0));
  });

  it.each<[string, Datatype, InferTensorContents, string]>([
    ['the wrong field', 'FP32', { fp64_contents: [1] }, "unexpected explicit tensor data for input tensor 'x' for model 'm' of type 'FP32'; it goes to fp32_contents"],
    ['a second field', 'INT64', { int64_contents: [1], int_contents: [1] }, "unexpected explicit tensor data for input tensor 'x' for model 'm' of type 'INT64'; it goes to int64_contents"],
    ['typed 16-bit floats', 'FP16', { fp32_contents: [1] }, "of type 'FP16'; it has no typed field, send raw_input_contents"],
    ['too few elements', 'FP32', { fp32_contents: [] }, "unexpected number of elements 0 for inference input 'x' for model 'm', expecting 1"],
    ['too many elements', 'BYTES', { bytes_contents: [Buffer.of(1), Buffer.of(2)] }, 'unexpected number of elements 2'],
    ['INT8 above 127', 'INT8', { int_contents: [128] }, "element 0 of input 'x' for model 'm' is out of the range of INT8"],
    ['INT8 below -128', 'INT8', { int_contents: [-129] }, 'out of the range of INT8'],
    ['INT16 above its range', 'INT16', { int_contents: [32_768] }, 'out of the range of INT16'],
    ['UINT8 above 255', 'UINT8', { uint_contents: [256] }, 'out of the range of UINT8'],
    ['UINT16 above its range', 'UINT16', { uint_contents: [65_536] }, 'out of the range of UINT16'],
    ['bytes that are no text', 'BYTES', { bytes_contents: [Buffer.of(0xff)] }, 'is not UTF-8 text'],
  ])('refuses %s', (_, datatype, contents, text) => {
    const failure = failureOf(() => typed(datatype, contents, 1));
    expect(failure).toMatchObject({ kind: 'invalid-argument', reason: 'INFERENCE_INPUT_INVALID' });
    expect(failure.message).toContain(text);
  }); // prettier-ignore
});

const fp32 = (shape: (string | number)[], name = 'x') => ({ name, datatype: 'FP32', shape });
const prefixed = (length: number, text: string): Buffer => {
  const raw = Buffer.alloc(4 + text.length);
  raw.writeUInt32LE(length);
  raw.write(text, 4);
  return raw;
};
const bytes = (elements: number, raw: Buffer): ModelInferRequest => ({
  inputs: [{ name: 'x', datatype: 'BYTES', shape: [elements] }],
  raw_input_contents: [raw],
});

describe('hostile requests', () => {
  it.each<[string, ModelInferRequest, string]>([
    ['a negative dimension', { inputs: [fp32([-1])], raw_input_contents: [Buffer.alloc(4)] }, "input 'x' for model 'm' has a shape with a dimension that is not a whole number of 0 or more"],
    ['2^60+2 x 16', { inputs: [fp32(['1152921504606846978', 16])], raw_input_contents: [Buffer.alloc(4)] }, 'causes total element count to exceed maximum size of 9223372036854775807'],
    ['2^63-1', { inputs: [fp32(['9223372036854775807'])], raw_input_contents: [Buffer.alloc(4)] }, 'has a dimension above 4294967295'],
    ['a product that wraps to 0 in 64 bits', { inputs: [fp32(['4294967296', '4294967296'])], raw_input_contents: [Buffer.alloc(0)] }, 'causes total element count to exceed maximum size of'],
    ['a huge dimension beside 0', { inputs: [fp32(['9007199254740993', 0])], raw_input_contents: [Buffer.alloc(0)] }, 'has a dimension above 4294967295'],
    ['rank 1000', { inputs: [fp32(Array<number>(1000).fill(1))], raw_input_contents: [Buffer.alloc(4)] }, 'has more than 32 dimensions'],
    ['fewer raw entries', { inputs: [fp32([1]), fp32([1], 'y')], raw_input_contents: [Buffer.alloc(4)] }, 'expected 2, got 1'],
    ['more raw entries', { inputs: [fp32([1])], raw_input_contents: [Buffer.alloc(4), Buffer.alloc(4)] }, 'expected 1, got 2'],
    ['raw entries without inputs', { inputs: [], raw_input_contents: [Buffer.alloc(4)] }, 'expected 0, got 1'],
    ['raw and typed data', { inputs: [{ ...fp32([1]), contents: { fp32_contents: [1] } }], raw_input_contents: [Buffer.alloc(4)] }, "contents field must not be specified when using raw_input_contents for 'x' for model 'm'"],
    ['no data at all', { inputs: [fp32([1])] }, "unable to find data for input tensor 'x' for model 'm' in request."],
    ['a byte too few', { inputs: [fp32([2])], raw_input_contents: [Buffer.alloc(7)] }, "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 7"],
    ['a byte too many', { inputs: [fp32([2])], raw_input_contents: [Buffer.alloc(9)] }, 'Expected 8, got 9'],
    ['bytes for a dimension of 0', { inputs: [fp32([0])], raw_input_contents: [Buffer.alloc(4)] }, 'Expected 0, got 4'],
    ['a scalar with no bytes', { inputs: [fp32([])], raw_input_contents: [Buffer.alloc(0)] }, 'Expected 4, got 0'],
    ['a length beyond the buffer', bytes(1, prefixed(3, 'ab')), "incomplete string data for inference input 'x' for model 'm'"],
    ['a length of 0xFFFFFFFF', bytes(1, prefixed(0xffffffff, 'ab')), 'incomplete string data'],
    ['half a length', bytes(1, Buffer.alloc(3)), 'incomplete string data'],
    ['fewer strings', bytes(2, prefixed(2, 'ab')), "unexpected number of string elements 1 for inference input 'x', expecting 2"],
    ['more strings', bytes(1, Buffer.concat([prefixed(1, 'a'), prefixed(1, 'b')])), 'unexpected number of string elements more than 1'],
    ['strings for a dimension of 0', bytes(0, prefixed(0, '')), 'unexpected number of string elements more than 0'],
    ['bytes that are no text', bytes(1, Buffer.concat([prefixed(1, ''), Buffer.of(0xc3)])), "BYTES element 0 of input 'x' for model 'm' is not UTF-8 text"],
    ['a BOOL of 2', { inputs: [{ name: 'x', datatype: 'BOOL', shape: [2] }], raw_input_contents: [Buffer.of(1, 2)] }, "BOOL element 1 of input 'x' for model 'm' is 2; it must be 0 or 1"],
    ['an unknown datatype', { inputs: [{ ...fp32([1]), datatype: 'BF16' }], raw_input_contents: [Buffer.alloc(2)] }, "unknown datatype 'BF16'"],
    ['a datatype of the prototype', { inputs: [{ ...fp32([1]), datatype: 'constructor' }], raw_input_contents: [Buffer.alloc(2)] }, "unknown datatype 'constructor'"],
    ['an input twice', { inputs: [fp32([1]), fp32([1])], raw_input_contents: [Buffer.alloc(4), Buffer.alloc(4)] }, "input 'x' already exists in request"],
  ])('refuses %s', (_, request, text) => {
    const failure = failureOf(() => decodeInputs(received(request), 1_000));
    expect(failure).toMatchObject({ kind: 'invalid-argument', reason: 'INFERENCE_INPUT_INVALID' });
    expect(failure.message).toContain(text);
  }); // prettier-ignore

  it('counts the elements of all inputs before it looks at any data', () => {
    const inputs = [fp32([600]), fp32([401], 'y')];
    const request = received({ inputs, raw_input_contents: [Buffer.alloc(2400), Buffer.alloc(1604)] });
    expect(failureOf(() => decodeInputs(request, 1_000))).toMatchObject({ kind: 'exhausted' });
    expect(decodeInputs(request, 1_001)).toHaveLength(2);
  });

  it('takes names of the prototype as names', () => {
    const inputs = [fp32([1], '__proto__'), fp32([1], 'constructor')];
    const raw_input_contents = [Buffer.alloc(4), Buffer.alloc(4)];
    const tensors = decodeInputs(received({ inputs, raw_input_contents }), 10);
    expect(tensors.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
  });

  it('refuses an output that is requested twice, and takes none as all', () => {
    const twice = received({ outputs: [{ name: 'y' }, { name: 'y' }] });
    expect(failureOf(() => readRequestedOutputs(twice)).message).toBe("outputs[1].name: output 'y' is requested twice");
    expect(readRequestedOutputs(received({}))).toBeUndefined();
    expect(readRequestedOutputs(received({ outputs: [{ name: 'b' }, { name: 'a' }] }))).toEqual(['b', 'a']);
  });

  it('yields an error and no crash on any bytes of a message', () => {
    const good = Buffer.from(
      wire.requestSerialize({ model_name: 'm', inputs: [fp32([2])], raw_input_contents: [Buffer.alloc(8)] }),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bent = Buffer.from(good);
        bent[at] = value;
        let request: ModelInferRequest__Output;
        try {
          request = wire.requestDeserialize(bent) as ModelInferRequest__Output;
        } catch {
          return; // refused by the codec already
        }
        try {
          const [first] = decodeInputs(request, 1_000);
          if (first) expect(first.data).toHaveLength(first.shape.reduce((count, each) => count * each, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
