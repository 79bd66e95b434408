import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { echoModel } from '../testing/echo-model.ts';
import { startRestServer, type RestServer } from '../testing/rest-server.ts';
import { ServingHarness } from '../testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;
let server: RestServer;
beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  harness.publish('m', 1);
  await harness.moveAndSettle('m', 1);
  harness.publishKeyed('types', 1, echoModel(['INT64', 'UINT8', 'FP32', 'BOOL', 'BYTES']), []);
  await harness.moveAndSettle('types', 1);
  server = await startRestServer(harness);
});
afterAll(async () => {
  await server.stop();
  await harness.stop();
  directory.remove();
});
afterEach(async () => {
  // whatever was sent, the next request is answered
  const response = await send({
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }),
  });
  expect(response).toMatchObject({ status: 200, json: { outputs: [{ data: [2] }] } });
});

interface Sent {
  readonly method?: string;
  /** As it goes into the request line. */
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** node:http sends paths as they are; fetch would mend them. */
async function send({ method = 'POST', path = '/v2/models/m/infer', headers = {}, body = '' }: Sent) {
  const request = httpRequest({
    host: '127.0.0.1',
    port: server.port,
    method,
    path,
    headers: { 'content-length': Buffer.byteLength(body), ...headers },
  });
  request.on('error', () => undefined); // a refusal may come before all of a body is sent
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode, json: JSON.parse(text) as Record<string, unknown>, headers: response.headers };
}

const x = { name: 'x', datatype: 'FP32', shape: [1], data: [1] };
const json = (value: unknown): Sent => ({ body: JSON.stringify(value) });
const inputs = (...list: unknown[]): Sent => json({ inputs: list });
const typed = (datatype: string, data: unknown): Sent => ({
  ...inputs({ name: `i_${datatype}`, datatype, shape: [1, 2], data }),
  path: '/v2/models/types/infer',
});
const PLAIN = JSON.stringify({ inputs: [x] });
const sized = (length: string, body: string | Buffer = PLAIN): Sent => ({
  headers: { 'inference-header-content-length': length },
  body,
});
const binary = (sizes: readonly unknown[], raw: Buffer): Sent => {
  const list = sizes.map((size, at) => ({
    name: at === 0 ? 'x' : `x${at}`,
    datatype: 'FP32',
    shape: [1],
    parameters: { binary_data_size: size },
  }));
  const head = Buffer.from(JSON.stringify({ inputs: list }));
  return sized(`${head.length}`, Buffer.concat([head, raw]));
};
const deep = (levels: number): string => `{"inputs":${'['.repeat(levels)}${']'.repeat(levels)}}`;

const CASES: readonly (readonly [what: string, sent: Sent, status: number, words: string])[] = [
  ['no body', {}, 400, 'body: is empty'],
  ['no JSON', { body: 'hello' }, 400, 'not valid JSON'],
  ['half a JSON', { body: '{"inputs":[' }, 400, 'not valid JSON'],
  ['a trailing comma', { body: '{"inputs":[],}' }, 400, 'not valid JSON'],
  ['a byte order mark', { body: Buffer.from('\ufeff{"inputs":[]}') }, 400, 'not valid JSON'],
  ['bytes that are no UTF-8', { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) }, 400, 'not UTF-8'],
  ['a list', { body: '[]' }, 400, 'request: must be a JSON object'],
  ['null', { body: 'null' }, 400, 'request: must be a JSON object'],
  ['NaN as a literal', { body: '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[NaN]}]}' }, 400, 'not valid JSON'],
  ['nesting of 101 levels', { body: deep(100) }, 400, 'nested deeper than 100 levels'],
  ['nesting of a million levels', { body: deep(250_000) }, 400, 'nested deeper than 100 levels'],
  ['nesting of 100 levels, which is no input', { body: deep(99) }, 400, 'inputs[0]: must be a JSON object'],
  ['no inputs', json({}), 400, 'inputs: must be a list'],
  ['inputs that are an object', json({ inputs: {} }), 400, 'inputs: must be a list'],
  ['an empty list of inputs', inputs(), 400, 'expected 1 inputs but got 0 inputs'],
  ['an input that is a number', inputs(1), 400, 'inputs[0]: must be a JSON object'],
  ['an input without a name', inputs({ ...x, name: undefined }), 400, 'inputs[0].name: must be a text'],
  ['an input named by a number', inputs({ ...x, name: 1 }), 400, 'inputs[0].name'],
  ['a name that is half a character', { body: '{"inputs":[{"name":"\\ud800","datatype":"FP32","shape":[1],"data":[1]}]}' }, 400, 'inputs[0].name'],
  ['an input twice', inputs(x, x), 400, "inputs[1].name: input 'x' already exists"],
  ['an unknown input', inputs({ ...x, name: 'constructor' }), 400, "unexpected inference input 'constructor'"],
  ['no datatype', inputs({ ...x, datatype: undefined }), 400, 'unknown datatype'],
  ['an unknown datatype', inputs({ ...x, datatype: 'BF16' }), 400, "unknown datatype 'BF16'"],
  ['another datatype', inputs({ ...x, datatype: 'FP64' }), 400, "data-type is 'FP64', but model 'm' expects 'FP32'"],
  ['no shape', inputs({ ...x, shape: undefined }), 400, 'inputs[0].shape: must be a list'],
  ['a negative dimension', inputs({ ...x, shape: [-1] }), 400, 'not a whole number of 0 or more'],
  ['half a dimension', inputs({ ...x, shape: [1.5] }), 400, 'not a whole number of 0 or more'],
  ['a dimension as text', inputs({ ...x, shape: ['1'] }), 400, 'not a whole number of 0 or more'],
  ['a dimension beyond 2^53', { body: '{"inputs":[{"name":"x","datatype":"FP32","shape":[9007199254740993],"data":[1]}]}' }, 400, 'not a whole number'],
  ['dimensions whose product wraps', inputs({ ...x, shape: [2 ** 40, 2 ** 40] }), 400, 'exceed maximum size'],
  ['1000 dimensions', inputs({ ...x, shape: Array(1_000).fill(1) }), 400, 'more than 32 dimensions'],
  ['another rank', inputs({ ...x, shape: [1, 1] }), 400, 'Expected [-1], got [1,1]'],
  ['too many elements', inputs({ ...x, shape: [10_001], data: Array(10_001).fill(0) }), 413, 'at most 10000 elements'],
  ['no data', inputs({ ...x, data: undefined }), 400, "unable to find data for input tensor 'x'"],
  ['data that is a number', inputs({ ...x, data: 1 }), 400, 'data must be a list'],
  ['too few elements', inputs({ ...x, shape: [2] }), 400, 'unexpected number of elements 1, expecting 2'],
  ['too many values', inputs({ ...x, data: [1, 2] }), 400, 'unexpected number of elements 2, expecting 1'],
  ['lists nested otherwise than the shape', { ...inputs({ name: 'i_FP32', datatype: 'FP32', shape: [2, 2], data: [[1, 2, 3], [4]] }), path: '/v2/models/types/infer' }, 400, 'a list at level 2 has 3 entries and the shape says 2'],
  ['lists beside elements', { ...inputs({ name: 'i_FP32', datatype: 'FP32', shape: [2, 2], data: [[1, 2], 3] }), path: '/v2/models/types/infer' }, 400, 'neither flat nor nested'],
  ['a text for a float', typed('FP32', ['1', 2]), 400, 'element 0 is no FP32'],
  ['null for a float', typed('FP32', [1, null]), 400, 'element 1 is no FP32'],
  ['a float beyond FP32', typed('FP32', [1, 1e39]), 400, 'element 1 is no FP32'],
  ['1e999', { ...typed('FP32', []), body: '{"inputs":[{"name":"i_FP32","datatype":"FP32","shape":[1,2],"data":[1e999,0]}]}' }, 400, 'element 0 is no FP32'],
  ['half an integer', typed('INT64', [1, 1.5]), 400, 'element 1 is no INT64'],
  ['an integer beyond INT64', { ...typed('INT64', []), body: '{"inputs":[{"name":"i_INT64","datatype":"INT64","shape":[1,2],"data":[9223372036854775808,0]}]}' }, 400, 'element 0 is no INT64'],
  ['an integer with an exponent beyond 2^53', { ...typed('INT64', []), body: '{"inputs":[{"name":"i_INT64","datatype":"INT64","shape":[1,2],"data":[1e18,0]}]}' }, 400, 'element 0 is no INT64'],
  ['256 for UINT8', typed('UINT8', [255, 256]), 400, 'element 1 is no UINT8'],
  ['-1 for UINT8', typed('UINT8', [-1, 0]), 400, 'element 0 is no UINT8'],
  ['2 for BOOL', typed('BOOL', [true, 2]), 400, 'element 1 is no BOOL'],
  ['a number for BYTES', typed('BYTES', ['a', 1]), 400, 'element 1 is no BYTES'],
  ['half a character for BYTES', { ...typed('BYTES', []), body: '{"inputs":[{"name":"i_BYTES","datatype":"BYTES","shape":[1,2],"data":["a","\\udc00"]}]}' }, 400, 'element 1 is no BYTES'],
  ['FP16 in JSON', inputs({ ...x, datatype: 'FP16' }), 400, 'FP16 cannot be sent as JSON'],
  ['outputs that are an object', json({ inputs: [x], outputs: {} }), 400, 'outputs: must be a list'],
  ['an unknown output', json({ inputs: [x], outputs: [{ name: 'z' }] }), 400, "unexpected inference output 'z'"],
  ['an output twice', json({ inputs: [x], outputs: [{ name: 'y' }, { name: 'y' }] }), 400, 'an output is requested twice'],
  ['a million outputs', json({ inputs: [x], outputs: Array.from({ length: 100_001 }, () => 0) }), 400, 'outputs: has more than 100000 entries'],
  ['binary_data that is a text', json({ inputs: [x], outputs: [{ name: 'y', parameters: { binary_data: 'yes' } }] }), 400, 'outputs[0].parameters.binary_data: must be true or false'],
  ['binary_data_output that is a number', json({ inputs: [x], parameters: { binary_data_output: 1 } }), 400, 'parameters.binary_data_output: must be true or false'],
  ['an id that is a number', json({ inputs: [x], id: 7 }), 400, 'id: must be a text'],
  ['parameters that are a list', json({ inputs: [x], parameters: [] }), 400, 'parameters: must be a JSON object'],
  ['a parameter that is an object', json({ inputs: [x], parameters: { a: {} } }), 400, 'parameters.a: must be a number, a text'],
  ['a reserved parameter', json({ inputs: [x], parameters: { triton_final_response: true } }), 400, "'triton_final_response' is reserved"],
  ['headers as a parameter', json({ inputs: [x], parameters: { headers: 'authorization' } }), 400, "'headers' is reserved"],
  ['a sequence', json({ inputs: [x], parameters: { sequence_id: 1 } }), 501, "'sequence_id' is not supported"],
  ['a classification', json({ inputs: [x], outputs: [{ name: 'y', parameters: { classification: 3 } }] }), 501, "'classification' is not supported"],
  ['shared memory', inputs({ ...x, parameters: { shared_memory_region: 'r' } }), 501, "'shared_memory_region' is not supported"],
  ['a negative priority', json({ inputs: [x], parameters: { priority: -1 } }), 400, "'priority' must be a whole number"],
  ['a header length below 0', sized('-1'), 400, 'Inference-Header-Content-Length: must be a whole number'],
  ['a header length that is no number', sized('abc'), 400, 'Inference-Header-Content-Length'],
  ['a header length in hexadecimal', sized('0x10'), 400, 'Inference-Header-Content-Length'],
  ['a huge header length', sized('99999999999'), 400, `at most the ${PLAIN.length} bytes of the body`],
  ['a header length without end', sized('9'.repeat(400)), 400, 'Inference-Header-Content-Length'],
  ['a header length one past the body', sized(`${PLAIN.length + 1}`), 400, `at most the ${PLAIN.length} bytes of the body`],
  ['a header length one before the end', sized(`${PLAIN.length - 1}`), 400, 'not valid JSON'],
  ['a bare tensor for five inputs', { ...sized('0'), path: '/v2/models/types/infer' }, 400, "one tensor, and model 'types' has 5 inputs"],
  ['a bare tensor with a byte too many', sized('0', Buffer.alloc(5)), 400, 'Expected 4, got 5'],
  ['binary data that no input claims', binary([4], Buffer.alloc(8)), 400, 'announce 4 bytes of binary data and 8 came'],
  ['binary data that is not there', binary([8], Buffer.alloc(4)), 400, 'at most the 4 bytes that are left'],
  ['two inputs that claim the same bytes', binary([4, 4], Buffer.alloc(4)), 400, 'inputs[1].parameters.binary_data_size: must be a whole number of at most the 0 bytes'],
  ['a negative binary size', binary([-4], Buffer.alloc(4)), 400, 'binary_data_size: must be a whole number'],
  ['a binary size as text', binary(['4'], Buffer.alloc(4)), 400, 'binary_data_size: must be a whole number'],
  ['half a binary size', binary([1.5], Buffer.alloc(4)), 400, 'binary_data_size: must be a whole number'],
  ['a binary size that is not that of the shape', binary([3], Buffer.alloc(3)), 400, "input byte size mismatch for input 'x' for model 'm'. Expected 4, got 3"],
  ['binary data and data', sized(`${JSON.stringify({ inputs: [{ ...x, parameters: { binary_data_size: 4 } }] }).length}`, Buffer.concat([Buffer.from(JSON.stringify({ inputs: [{ ...x, parameters: { binary_data_size: 4 } }] })), Buffer.alloc(4)])), 400, 'must be left out with binary_data_size'],
  ['a binary size without binary data', inputs({ ...x, data: undefined, parameters: { binary_data_size: 4 } }), 400, 'at most the 0 bytes that are left'],
  ['more JSON than is parsed', { body: JSON.stringify({ inputs: [x], id: 'a'.repeat(1_000_000) }) }, 413, 'the JSON of a request has at most 1000000 bytes'],
  ['a body of 64 MiB and a byte', { body: Buffer.alloc(64 * 1024 * 1024 + 1, 0x20) }, 413, 'larger than 67108864 bytes'],
  ['a gzip bomb', { body: gzipSync(Buffer.alloc(80 * 1024 * 1024)), headers: { 'content-encoding': 'gzip' } }, 413, 'larger than 67108864 bytes'],
  ['a deflate bomb', { body: deflateSync(Buffer.alloc(80 * 1024 * 1024)), headers: { 'content-encoding': 'deflate' } }, 413, 'larger than 67108864 bytes'],
  ['a broken gzip', { body: Buffer.from('1f8b0800deadbeef', 'hex'), headers: { 'content-encoding': 'gzip' } }, 400, 'not valid gzip'],
  ['half a gzip', { body: gzipSync('{"inputs":[]}').subarray(0, 20), headers: { 'content-encoding': 'gzip' } }, 400, 'not valid gzip'],
  ['plain JSON that says it is deflate', { ...inputs(x), headers: { 'content-encoding': 'deflate' } }, 400, 'not valid deflate'],
  ['an unknown encoding', { ...inputs(x), headers: { 'content-encoding': 'br' } }, 415, 'gzip'],
  ['the parent of a model', { ...inputs(x), path: '/v2/models/../models/m/infer' }, 400, 'without ., ..'],
  ['an escaped parent', { ...inputs(x), path: '/v2/models/%2e%2e/infer' }, 400, 'without ., ..'],
  ['an escaped slash', { ...inputs(x), path: '/v2/models/a%2fb/infer' }, 400, 'escaped separators'],
  ['an escaped NUL', { ...inputs(x), path: '/v2/models/m%00/infer' }, 400, 'escaped separators'],
  ['an escape of an escape', { ...inputs(x), path: '/v2/models/%252e%252e/infer' }, 400, 'escaped separators'],
  ['a double slash', { ...inputs(x), path: '/v2//models/m/infer' }, 400, 'path'],
  ['a trailing slash', { ...inputs(x), path: '/v2/models/m/infer/' }, 404, 'nothing is at this path'],
  ['another case', { ...inputs(x), path: '/V2/models/m/infer' }, 404, ''],
  ['a name that is none', { ...inputs(x), path: '/v2/models/a%20b/infer' }, 404, "unknown model: 'a b'"],
  ['a name of 300 characters', { ...inputs(x), path: `/v2/models/${'a'.repeat(300)}/infer` }, 404, 'unknown model'],
  ['an unknown model', { ...inputs(x), path: '/v2/models/__proto__/infer' }, 404, "unknown model: '__proto__'"],
  ['an unknown alias', { ...inputs(x), path: '/v2/models/m@nope/infer' }, 404, "unknown model: 'm@nope'"],
  ['version 0', { ...inputs(x), path: '/v2/models/m/versions/0/infer' }, 400, "version string '0'"],
  ['version -1', { ...inputs(x), path: '/v2/models/m/versions/-1/infer' }, 400, "version string '-1'"],
  ['version latest', { ...inputs(x), path: '/v2/models/m/versions/latest/infer' }, 400, "version string 'latest'"],
  ['version 1e9', { ...inputs(x), path: '/v2/models/m/versions/1000000000/infer' }, 404, 'version 1000000000 is not found'],
  ['a version of 20 digits', { ...inputs(x), path: '/v2/models/m/versions/99999999999999999999/infer' }, 400, 'version string'],
  ['GET of infer', { method: 'GET', path: '/v2/models/m/infer' }, 405, 'use POST'],
  ['PUT of infer', { ...inputs(x), method: 'PUT' }, 405, 'use POST'],
  ['POST of metadata', { ...inputs(x), path: '/v2/models/m' }, 405, 'use GET'],
  ['a repository call', { ...inputs(), path: '/v2/repository/models/m/load' }, 404, 'nothing is at this path'],
]; // prettier-ignore

describe('bad input over REST', () => {
  it.each(CASES)('%s', async (_, sent, status, words) => {
    const answer = await send(sent);
    expect(answer).toMatchObject({ status });
    const { error, ...rest } = answer.json;
    if (sent.path?.startsWith('/v2') ?? true) {
      expect(rest).toEqual({});
      expect(error).toEqual(expect.stringContaining(words));
    }
    expect(JSON.stringify(answer.json)).not.toMatch(/node_modules|\.ts\b|\bat \S+:\d+/);
  });

  it('has at least 50 cases', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(50);
    expect(new Set(CASES.map(([what]) => what)).size).toBe(CASES.length);
  });

  it('takes the last of repeated keys', async () => {
    const body = '{"id":"a","id":"b","inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}';
    expect(await send({ body })).toMatchObject({ status: 200, json: { id: 'b' } });
  });

  it('ignores what a later protocol may add', async () => {
    expect(await send(json({ inputs: [{ ...x, extra: {} }], __proto__2: 1, later: [1] }))).toMatchObject({
      status: 200,
    });
  });

  it('takes a body in 65 537 chunks of a byte', async () => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, method: 'POST', path: '/v2/models/m/infer' });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    const body = JSON.stringify({ inputs: [x] }).padEnd(65_537, ' ');
    for (const character of body) request.write(character);
    request.end();
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it('does not wait for what a content length promises and the client does not send', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /v2/models/m/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{"inputs":');
    socket.end();
    socket.resume();
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});
