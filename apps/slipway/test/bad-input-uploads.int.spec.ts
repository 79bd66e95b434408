import { afterAll, beforeAll, expect, it } from 'vitest';
import { FLOAT, nestedModel, node, onnxModel, valueInfo } from './bad-input/onnx-bytes.ts';
import { REGISTRY, sha256, SlipwayUnderTest, type Answer, type Fields } from './bad-input/slipway-under-test.ts';

const MEBI = 1024 * 1024;
const GROWTH_BYTES_MAX = 800 * MEBI;
let slipway: SlipwayUnderTest;
let residentBefore = 0;
beforeAll(async () => {
  slipway = await SlipwayUnderTest.start();
  residentBefore = slipway.process.residentBytes() ?? 0;
});
afterAll(async () => {
  await slipway.stop();
});

async function expectRefused(answer: Answer, code: string, reason: string): Promise<void> {
  expect([answer.code, answer.reason]).toEqual([code, reason]);
  expect(answer.requestId).toBeTruthy();
  if (code === 'INVALID_ARGUMENT') expect(answer.fields.length).toBeGreaterThan(0);
  expect(slipway.leakIn(answer.wire)).toBeUndefined();
  await slipway.assertAlive('grpc');
  const { first } = await slipway.call(`${REGISTRY}GetRegisteredModel`, { name: 'flights' });
  expect(first['model']).toMatchObject({ last_version: '2' }); // nothing came into being
}

const good = onnxModel();
const file = { path: 'model.onnx', bytes: good.length, sha256: sha256(good) };
const header = { model: 'flights', files: [file], graph: 'model.onnx' };
const invalid = 'INVALID_ARGUMENT';

it.each<[string, Fields[], string, string]>([
  ['no header', [{ chunk: good }], invalid, 'UPLOAD_ORDER'],
  ['two headers', [{ header }, { header }], invalid, 'UPLOAD_ORDER'],
  ['an empty message', [{}], invalid, 'UPLOAD_ORDER'],
  ['nothing after the header', [{ header }], invalid, 'UPLOAD_INCOMPLETE'],
  ['no file_end', [{ header }, { chunk: good }], invalid, 'UPLOAD_INCOMPLETE'],
  ['an empty chunk', [{ header }, { chunk: Buffer.alloc(0) }], invalid, 'UPLOAD_ORDER'],
  ['one byte less', [{ header }, { chunk: good.subarray(1) }, { file_end: true }], invalid, 'UPLOAD_BYTES_MISMATCH'],
  ['one byte more', [{ header }, { chunk: good }, { chunk: Buffer.from('x') }], invalid, 'UPLOAD_BYTES_MISMATCH'],
  [
    'bytes after the last file',
    [{ header }, { chunk: good }, { file_end: true }, { chunk: good }],
    invalid,
    'UPLOAD_ORDER',
  ],
  [
    'another digest',
    [{ header: { ...header, files: [{ ...file, sha256: '0'.repeat(64) }] } }, { chunk: good }, { file_end: true }],
    invalid,
    'UPLOAD_DIGEST_MISMATCH',
  ],
  [
    'a terabyte announced',
    [{ header: { ...header, files: [{ ...file, bytes: 2 ** 40 }] } }, { chunk: good }],
    'RESOURCE_EXHAUSTED',
    'PACKAGE_TOO_LARGE',
  ],
  [
    'a graph that is not among the files',
    [{ header: { ...header, graph: 'other.onnx' } }, { chunk: good }, { file_end: true }],
    invalid,
    'PACKAGE_INVALID',
  ],
  [
    'the same path twice',
    [{ header: { ...header, files: [file, file] } }, { chunk: good }, { file_end: true }],
    invalid,
    'PACKAGE_INVALID',
  ],
  [
    'JSON that is none',
    [{ header: { ...header, preprocessing_json: '{' } }, { chunk: good }, { file_end: true }],
    invalid,
    'PACKAGE_INVALID',
  ],
  [
    'JSON that is no object',
    [{ header: { ...header, postprocessing_json: '[]' } }, { chunk: good }, { file_end: true }],
    invalid,
    'PACKAGE_INVALID',
  ],
  [
    'JSON 10 000 deep',
    [
      { header: { ...header, preprocessing_json: `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}` } },
      { chunk: good },
      { file_end: true },
    ],
    invalid,
    'PACKAGE_INVALID',
  ],
  [
    'a model that is not there',
    [{ header: { ...header, model: 'nobody' } }, { chunk: good }, { file_end: true }],
    'NOT_FOUND',
    'MODEL_NOT_FOUND',
  ],
])('an upload with %s', async (_, parts, code, reason) => {
  await expectRefused(await slipway.send(parts), code, reason);
});

const tensor = (fields: Fields) => ({ name: 'w', data_type: FLOAT, dims: [1], ...fields });
const external = (location: string) =>
  onnxModel({ initializer: [tensor({ data_location: 1, external_data: [{ key: 'location', value: location }] })] });
const manyNodes = (count: number) =>
  onnxModel({
    node: Array.from({ length: count }, (_, index) =>
      node('Neg', [index === 0 ? 'x' : `t${index}`], [index === count - 1 ? 'y' : `t${index + 1}`]),
    ),
  });

it.each<[string, () => Uint8Array]>([
  ['nothing', () => Buffer.from('\n')],
  ['random bytes', () => Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7_919 + 13) % 251))],
  ['half of a graph', () => good.subarray(0, good.length >> 1)],
  ['a graph without its last byte', () => good.subarray(0, -1)],
  [
    'a pickle',
    () =>
      Buffer.from(
        '\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.',
        'latin1',
      ),
  ],
  ['a zip archive', () => Buffer.from('PK\x03\x04\x14\x00\x00\x00\x08\x00data.pkl', 'latin1')],
  ['an HTML page', () => Buffer.from('<html><script>alert(1)</script></html>')],
  ...[
    '../weights.bin',
    '/etc/passwd',
    'a/../../b',
    './w.bin',
    'w\0.bin',
    'file:///etc/passwd',
    '..\\w.bin',
    'C:\\w.bin',
    '',
    'absent.bin',
  ].map((location): [string, () => Uint8Array] => [
    `external data at ${JSON.stringify(location)}`,
    () => external(location),
  ]),
  ['a cycle', () => onnxModel({ node: [node('Add', ['x', 'z'], ['y']), node('Neg', ['y'], ['z'])] })],
  ['a node that feeds itself', () => onnxModel({ node: [node('Add', ['x', 'y'], ['y'])] })],
  ['a value made twice', () => onnxModel({ node: [node('Neg', ['x'], ['y']), node('Abs', ['x'], ['y'])] })],
  ['an output nobody makes', () => onnxModel({ output: [valueInfo('ghost', FLOAT, [1])] })],
  [
    'a custom domain',
    () =>
      onnxModel(
        {},
        {
          opset_import: [
            { domain: '', version: 17 },
            { domain: 'evil.ops', version: 1 },
          ],
        },
      ),
  ],
  [
    'a node of a domain that is not imported',
    () => onnxModel({ node: [node('Run', ['x'], ['y'], { domain: 'evil.ops' })] }),
  ],
  ['local functions', () => onnxModel({}, { functions: [{ name: 'f' }] })],
  ['no opset', () => onnxModel({}, { opset_import: [] })],
  ['an opset of the future', () => onnxModel({}, { opset_import: [{ domain: '', version: '9223372036854775807' }] })],
  [
    'sizes that overflow when multiplied',
    () =>
      onnxModel({
        initializer: [tensor({ dims: ['4294967296', '4294967296', '4294967296'], raw_data: Buffer.alloc(4) })],
      }),
  ],
  [
    'a product of sizes that is 0 in 64 bits',
    () => onnxModel({ initializer: [tensor({ dims: ['9223372036854775807', '2', '4'], raw_data: Buffer.alloc(0) })] }),
  ],
  ['a negative size', () => onnxModel({ initializer: [tensor({ dims: [-1] })] })],
  [
    'fewer bytes than its shape',
    () => onnxModel({ initializer: [tensor({ dims: [1_000_000], raw_data: Buffer.alloc(4) })] }),
  ],
  ['more bytes than its shape', () => onnxModel({ initializer: [tensor({ raw_data: Buffer.alloc(8) })] })],
  [
    'an element type that does not exist',
    () => onnxModel({ initializer: [tensor({ data_type: 99, raw_data: Buffer.alloc(4) })] }),
  ],
  ['graphs nested 1 000 deep', () => nestedModel(1_000)],
  ['graphs nested 10 000 deep', () => nestedModel(10_000)],
])('a graph that is %s', { timeout: 30_000 }, async (_, make) => {
  await expectRefused(await slipway.upload({ model: 'flights' }, make()), invalid, 'MODEL_GRAPH_INVALID');
});

it('100 000 nodes end in a version or in a refusal within seconds', { timeout: 60_000 }, async () => {
  await slipway.expectOk(slipway.call(`${REGISTRY}CreateRegisteredModel`, { name: 'long' }, 'alice'));
  const began = performance.now();
  const answer = await slipway.upload({ model: 'long' }, manyNodes(100_000));
  expect(['OK', invalid]).toContain(answer.code);
  expect(performance.now() - began).toBeLessThan(15_000);
  await slipway.assertAlive('inference');
});

it('stays of bounded size and leaves nothing half done', () => {
  const resident = slipway.process.residentBytes() ?? 0;
  console.info(
    `hostile uploads: resident memory ${Math.round(residentBefore / MEBI)} MiB before, ${Math.round(resident / MEBI)} MiB after`,
  );
  expect(resident - residentBefore).toBeLessThan(GROWTH_BYTES_MAX);
});
