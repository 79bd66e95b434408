import { gRPCInferenceService, type ModelInferRequest, type ModelInferResponse } from '@slipway/contracts/inference';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withFastCodec } from './model-infer-codec.ts';
import { readCommonRequest } from './model-infer-reader.ts';
import { writeCommonResponse } from './model-infer-writer.ts';

const general = gRPCInferenceService.methods.modelInfer.wire;
const fast = withFastCodec(gRPCInferenceService.methods.modelInfer).wire;

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const raw = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const dimension = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 2 ** 49 - 1, 2 ** 49));
const anyInt64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const parameters = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__'),
  fc.oneof(
    fc.record({ bool_param: fc.boolean() }),
    fc.record({ int64_param: anyInt64 }),
    fc.record({ string_param: text }),
  ),
  { maxKeys: 3 },
);
const common = { model_name: text, model_version: text, id: text };

/** What most callers send. */
const plainRequest: fc.Arbitrary<ModelInferRequest> = fc.record({
  ...common,
  inputs: fc.array(fc.record({ name: text, datatype: text, shape: fc.array(fc.nat(), { maxLength: 5 }) }), {
    maxLength: 4,
  }),
  outputs: fc.array(fc.record({ name: text }), { maxLength: 3 }),
  raw_input_contents: fc.array(raw, { maxLength: 4 }),
});

/** Anything that fits the contract. */
const anyRequest: fc.Arbitrary<ModelInferRequest> = fc.record(
  {
    ...common,
    parameters,
    inputs: fc.array(
      fc.record(
        {
          name: text,
          datatype: text,
          shape: fc.array(fc.oneof(dimension, anyInt64), { maxLength: 5 }),
          parameters,
          contents: fc.record({ fp32_contents: fc.array(fc.float(), { maxLength: 5 }) }),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 4 },
    ),
    outputs: fc.array(fc.record({ name: text, parameters }, { requiredKeys: [] }), { maxLength: 3 }),
    raw_input_contents: fc.array(raw, { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

const plainResponse: fc.Arbitrary<ModelInferResponse> = fc.record(
  {
    ...common,
    outputs: fc.array(
      fc.record({ name: text, datatype: text, shape: fc.array(dimension, { maxLength: 5 }) }, { requiredKeys: [] }),
      { maxLength: 4 },
    ),
    raw_output_contents: fc.array(raw, { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

const anyResponse: fc.Arbitrary<ModelInferResponse> = fc.record(
  {
    ...common,
    parameters,
    outputs: fc.array(
      fc.record(
        {
          name: text,
          shape: fc.array(anyInt64, { maxLength: 3 }),
          parameters,
          contents: fc.record({ int_contents: fc.array(fc.integer(), { maxLength: 3 }) }),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    raw_output_contents: fc.array(
      fc.oneof(
        raw,
        raw.map((bytes) => bytes.toString('base64')),
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

type Outcome = { readonly message: object } | 'refused';

function outcomeOf(decode: (bytes: Buffer) => object, bytes: Buffer): Outcome {
  try {
    return { message: decode(bytes) };
  } catch {
    return 'refused';
  }
}

describe('the codec of ModelInfer by hand', () => {
  it('reads every plain request itself, as the general codec reads it', () => {
    fc.assert(
      fc.property(plainRequest, (request) => {
        const bytes = general.requestSerialize(request);
        const read = readCommonRequest(bytes);
        expect(read).toBeDefined();
        expect(read).toEqual(general.requestDeserialize(bytes));
      }),
    );
  });

  it('reads every request as the general codec reads it', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const bytes = general.requestSerialize(request);
        expect(fast.requestDeserialize(bytes)).toEqual(general.requestDeserialize(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('reads or refuses damaged bytes as the general codec does', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(plainRequest, fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), (request, changes, cut) => {
        const whole = Buffer.from(general.requestSerialize(request));
        for (const { at, byte } of changes) if (whole.length > 0) whole[at % whole.length] = byte;
        const bytes = cut % 3 === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole;
        expect(outcomeOf(fast.requestDeserialize, bytes)).toEqual(outcomeOf(general.requestDeserialize, bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes repeated single fields, split and unpacked shapes as the general codec does', () => {
    const input = Buffer.from([0x0a, 1, 0x78, 0x0a, 1, 0x79, 0x18, 2, 0x1a, 2, 3, 4, 0x18, 0x80, 1]);
    const bytes = Buffer.concat([Buffer.from([0x0a, 1, 0x61, 0x0a, 1, 0x62, 0x2a, input.length]), input]);
    expect(readCommonRequest(bytes)).toEqual(general.requestDeserialize(bytes));
    expect(readCommonRequest(bytes)?.inputs[0]?.shape).toEqual(['2', '3', '4', '128']);
  });

  it('does not copy raw contents', () => {
    const bytes = general.requestSerialize({ raw_input_contents: [Buffer.alloc(100_000, 7)] });
    expect(readCommonRequest(bytes)?.raw_input_contents[0]?.buffer).toBe(bytes.buffer);
  });

  it('writes every plain response itself, to be read as what the general codec writes', () => {
    fc.assert(
      fc.property(plainResponse, (response) => {
        const bytes = writeCommonResponse(response);
        expect(bytes).toBeDefined();
        expect(general.responseDeserialize(bytes ?? Buffer.alloc(0))).toEqual(
          general.responseDeserialize(general.responseSerialize(response)),
        );
      }),
    );
  });

  it('writes every response so that it reads as what the general codec writes', () => {
    fc.assert(
      fc.property(anyResponse, (response) => {
        const expected = general.responseDeserialize(general.responseSerialize(response));
        expect(general.responseDeserialize(fast.responseSerialize(response))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
