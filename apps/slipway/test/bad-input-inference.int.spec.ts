import { afterAll, beforeAll, expect, it } from 'vitest';
import { encode, INFERENCE, SlipwayUnderTest, type Answer, type Fields } from './bad-input/slipway-under-test.ts';
import { frame } from './bad-input/wire-client.ts';

const INFER = `${INFERENCE}ModelInfer`;
let slipway: SlipwayUnderTest;
beforeAll(async () => {
  slipway = await SlipwayUnderTest.start();
});
afterAll(async () => {
  await slipway.stop();
});

const floats = { name: 'floats', datatype: 'FP32', shape: [2], contents: { fp32_contents: [1, 2] } };
const flags = { name: 'flags', datatype: 'BOOL', shape: [2], contents: { bool_contents: [true, false] } };
const texts = {
  name: 'texts',
  datatype: 'BYTES',
  shape: [2],
  contents: { bytes_contents: [Buffer.from('a'), Buffer.from('b')] },
};
const typed = { model_name: 'flights', inputs: [floats, flags, texts] };
const bare = [floats, flags, texts].map(({ name, datatype, shape }) => ({ name, datatype, shape }));
const rawFloats = Buffer.from(Float32Array.of(1, 2).buffer);
const rawFlags = Buffer.from([1, 0]);
const rawTexts = Buffer.from([1, 0, 0, 0, 97, 1, 0, 0, 0, 98]);
const raw = (...contents: Buffer[]) => ({ model_name: 'flights', inputs: bare, raw_input_contents: contents });
const withFloats = (fields: Fields) => ({ ...typed, inputs: [{ ...floats, ...fields }, flags, texts] });

async function expectRefused(answer: Answer, code: string, field?: string): Promise<void> {
  expect([answer.code, answer.message]).toEqual([code, answer.message]);
  expect(answer.reason).toBeTruthy();
  expect(answer.requestId).toBeTruthy();
  if (field !== undefined) expect(answer.fields).toEqual([field]);
  expect(slipway.leakIn(answer.wire)).toBeUndefined();
  await expectRight();
}

/** The next right call gives the right numbers. */
async function expectRight(): Promise<void> {
  const { code, first } = await slipway.call(INFER, typed, 'pia');
  expect(code).toBe('OK');
  const [output] = first['raw_output_contents'] as Buffer[];
  expect(output?.readFloatLE(4)).toBe(2);
}

it('answers both forms, and NaN and infinities where the model takes them', async () => {
  await expectRight();
  const values = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY);
  for (const request of [
    raw(Buffer.from(values.buffer), rawFlags, rawTexts),
    withFloats({ contents: { fp32_contents: [...values] } }),
  ]) {
    const { first } = await slipway.expectOk(slipway.call(INFER, request, 'pia'));
    const [output] = first['raw_output_contents'] as Buffer[];
    expect([output?.readFloatLE(0), output?.readFloatLE(4)]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
  }
});

it.each<[string, Fields, string?]>([
  ['a shape of another rank', withFloats({ shape: [2, 1] })],
  ['a shape that says more', withFloats({ shape: [3] }), 'inputs[0].contents.fp32_contents'],
  ['a shape that says less', withFloats({ shape: [1] }), 'inputs[0].contents.fp32_contents'],
  ['a product that overflows', withFloats({ shape: ['4294967296', '4294967296', '4294967296'] }), 'inputs[0].shape'],
  [
    'a product that is 2 in 64 bits',
    withFloats({ shape: ['9223372036854775807', '9223372036854775806'] }),
    'inputs[0].shape',
  ],
  ['the largest size', withFloats({ shape: ['9223372036854775807'] })],
  ['33 dimensions', withFloats({ shape: Array(33).fill(1) }), 'inputs[0].shape'],
  ['another datatype', withFloats({ datatype: 'FP64' }), 'inputs[0].contents.fp32_contents'],
  ['an unknown datatype', withFloats({ datatype: 'FP33' }), 'inputs[0].datatype'],
  ['__proto__ as datatype', withFloats({ datatype: '__proto__' }), 'inputs[0].datatype'],
  ['no contents', withFloats({ contents: undefined }), 'inputs[0].contents'],
  [
    'contents of two types',
    withFloats({ contents: { fp32_contents: [1, 2], int_contents: [1] } }),
    'inputs[0].contents.int_contents',
  ],
  ['raw and typed contents', { ...typed, raw_input_contents: [rawFloats, rawFlags, rawTexts] }, 'inputs[0].contents'],
  ['one raw content too few', raw(rawFloats, rawFlags), 'raw_input_contents'],
  ['one raw content too many', raw(rawFloats, rawFlags, rawTexts, rawTexts), 'raw_input_contents'],
  ['one byte too few', raw(rawFloats.subarray(1), rawFlags, rawTexts), 'inputs[0].data'],
  ['one byte too many', raw(Buffer.concat([rawFloats, rawFlags]).subarray(0, 9), rawFlags, rawTexts), 'inputs[0].data'],
  ['BOOL 2', raw(rawFloats, Buffer.from([1, 2]), rawTexts), 'inputs[1].data'],
  [
    'a text length beyond the buffer',
    raw(rawFloats, rawFlags, Buffer.from([255, 255, 255, 255, 97])),
    'inputs[2].data',
  ],
  [
    'a text length by one too long',
    raw(rawFloats, rawFlags, Buffer.from([1, 0, 0, 0, 97, 2, 0, 0, 0, 98])),
    'inputs[2].data',
  ],
  ['a cut text length', raw(rawFloats, rawFlags, Buffer.from([1, 0, 0, 0, 97, 1, 0])), 'inputs[2].data'],
  ['one text too few', raw(rawFloats, rawFlags, Buffer.from([1, 0, 0, 0, 97])), 'inputs[2].data'],
  [
    'a text that is no UTF-8',
    raw(rawFloats, rawFlags, Buffer.from([1, 0, 0, 0, 255, 1, 0, 0, 0, 98])),
    'inputs[2].data',
  ],
  ['an input twice', { ...typed, inputs: [floats, floats, flags, texts] }, 'inputs[1].name'],
  ['an unknown input', { ...typed, inputs: [floats, flags, texts, { ...floats, name: 'ghost' }] }],
  ['a missing input', { ...typed, inputs: [floats, flags] }],
  ['no inputs', { ...typed, inputs: [] }],
  ['an unknown output', { ...typed, outputs: [{ name: 'ghost' }] }],
  ['__proto__ as output', { ...typed, outputs: [{ name: '__proto__' }] }],
  ['an output twice', { ...typed, outputs: [{ name: 'floats_out' }, { name: 'floats_out' }] }, 'outputs[1].name'],
  ['a reserved parameter', { ...typed, parameters: { triton_x: { int64_param: 1 } } }, 'parameters'],
  ['a priority that is a text', { ...typed, parameters: { priority: { string_param: 'high' } } }, 'parameters'],
  ...['-1', 'abc', '0', '99999999999999999999', '1.0', ' 1', '0x1', '1;'].map(
    (model_version): [string, Fields, string] => [
      `version ${model_version}`,
      { ...typed, model_version },
      'model_version',
    ],
  ),
])('refuses %s', async (_, request, field) => {
  await expectRefused(await slipway.call(INFER, request, 'pia'), 'INVALID_ARGUMENT', field);
});

it.each([
  'flights@',
  '@champion',
  'flights@nope',
  'flights@@champion',
  'flights/champion',
  '../flights',
  'flights@../champion',
  '@',
  'FLIGHTS',
  'flights@__proto__',
  '__proto__',
  'constructor',
  'a'.repeat(257),
  '%2e%2e',
])('knows no model %s', async (model_name) => {
  await expectRefused(await slipway.call(INFER, { ...typed, model_name }, 'pia'), 'NOT_FOUND');
  await expectRefused(await slipway.call(`${INFERENCE}ModelReady`, { name: model_name }, 'pia'), 'NOT_FOUND');
});

it('knows no version that is not loaded', async () => {
  for (const model_version of ['2', '9223372036854775807'])
    await expectRefused(await slipway.call(INFER, { ...typed, model_version }, 'pia'), 'NOT_FOUND');
});

it('refuses what the protocol has and this server has not', async () => {
  for (const name of ['sequence_id', 'classification', 'shared_memory_region'])
    await expectRefused(
      await slipway.call(INFER, { ...typed, parameters: { [name]: { int64_param: 1 } } }, 'pia'),
      'UNIMPLEMENTED',
    );
});

it('answers a deadline that is over, and goes on after calls that were cancelled', async () => {
  const body = [frame(encode(slipway.method(INFER).request, typed))];
  const token = slipway.token('pia');
  for (const timeout of ['1n', '1u', '0m']) {
    const { code } = await slipway.answer(INFER, { body, token, headers: { 'grpc-timeout': timeout } });
    expect(['DEADLINE_EXCEEDED', 'OK']).toContain(code); // a nanosecond may be enough when nothing is in the way
  }
  const shape = [4_000_000];
  const large = encode(slipway.method(INFER).request, {
    model_name: 'flights',
    inputs: bare.map((input) => ({ ...input, shape })),
    raw_input_contents: [Buffer.alloc(16_000_000), Buffer.alloc(4_000_000), Buffer.alloc(16_000_000)],
  });
  const cancelled = [1, 5, 20, 50, 100].map((cancelAfterMs) =>
    slipway.answer(INFER, { body: [frame(large)], token, cancelAfterMs }),
  );
  for (const answer of await Promise.all(cancelled))
    expect(['code -1', 'CANCELLED', 'OK', 'RESOURCE_EXHAUSTED']).toContain(answer.code);
  await expectRight();
});
