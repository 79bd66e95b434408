import { gunzipSync, gzipSync, deflateSync, inflateSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echoModel } from '../testing/echo-model.ts';
import { readLatencies } from '../testing/read-latencies.ts';
import { startRestServer, type RestServer } from '../testing/rest-server.ts';
import { ServingHarness } from '../testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;
let server: RestServer;
beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  harness.publish('m', 1);
  harness.publish('m', 2);
  await harness.moveAndSettle('m', 2);
  await harness.moveAndSettle('m', 1, 'old');
  await harness.moveAndSettle('gone', 1); // never published: it fails
  harness.publishKeyed('echo', 3, echoModel(['INT64', 'FP64', 'BYTES']), []);
  await harness.moveAndSettle('echo', 3);
  harness.publishKeyed('half', 1, echoModel(['FP16']), []);
  await harness.moveAndSettle('half', 1);
  server = await startRestServer(harness);
});
afterAll(async () => {
  await server.stop();
  await harness.stop();
  directory.remove();
});

const get = async (path: string) => {
  const response = await fetch(`${server.url}${path}`);
  return { status: response.status, json: await response.json() };
};
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, { method: 'POST', body, headers });
const infer = async (model: string, body: object, headers: Record<string, string> = {}) => {
  const response = await post(`/v2/models/${model}/infer`, JSON.stringify(body), headers);
  return { response, status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const x = (...data: unknown[]) => ({ name: 'x', datatype: 'FP32', shape: [data.length], data });
/** JSON and what comes behind it. */
const withBinary = (json: object, ...raws: Buffer[]) => {
  const head = Buffer.from(JSON.stringify(json));
  return { body: Buffer.concat([head, ...raws]), headers: { 'inference-header-content-length': `${head.length}` } };
};
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

describe('health and metadata', () => {
  it.each<[string, number, unknown]>([
    ['/v2', 200, { name: 'slipway', version: '0.1.0', extensions: ['binary_tensor_data'] }],
    ['/v2/health/live', 200, { live: true }],
    ['/v2/health/ready', 200, { ready: true }],
    ['/v2/models/m/ready', 200, { name: 'm', ready: true }],
    ['/v2/models/m@old/ready', 200, { name: 'm@old', ready: true }],
    ['/v2/models/m%40old/ready', 200, { name: 'm@old', ready: true }],
    ['/v2/models/m/versions/2/ready', 200, { name: 'm', ready: true }],
    ['/v2/models/m/versions/1/ready', 503, { name: 'm', ready: false }],
    ['/v2/models/gone/ready', 503, { name: 'gone', ready: false }],
    ['/v2/models/nope/ready', 404, { error: "Request for unknown model: 'nope' is not found" }],
    ['/v2/models/gone', 503, { error: expect.stringContaining('is not at ready state') }],
    ['/v2/models/nope', 404, { error: "Request for unknown model: 'nope' is not found" }],
    ['/v2/models/m/versions/9', 404, { error: expect.stringContaining('loaded is 2') }],
  ])('GET %s is %i', async (path, status, json) => {
    expect(await get(path)).toEqual({ status, json });
  });

  it('describes a model with numbers in its shapes', async () => {
    const described = {
      name: 'm',
      versions: ['2'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    };
    expect(await get('/v2/models/m')).toEqual({ status: 200, json: described });
    expect(await get('/v2/models/m/versions/2')).toEqual({ status: 200, json: described });
  });
});

describe('infer', () => {
  it('answers JSON with JSON, echoes the id, names the version, tells the time of each stage', async () => {
    const { response, json } = await infer('m', { id: 'r-1', inputs: [x(1, 2.5)] });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('inference-header-content-length')).toBeNull();
    expect(json).toEqual({
      model_name: 'm',
      model_version: '2',
      id: 'r-1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2], data: [3, 4.5] }],
    });
    const latencies = readLatencies(response.headers.get('slipway-latency-ms') ?? undefined);
    expect(latencies['inference']).toBeGreaterThan(0);
    expect(latencies['encode']).toBeGreaterThan(0);
  });

  it('makes an id where none came, and answers by alias and version', async () => {
    expect((await infer('m', { inputs: [x(0)] }, { 'x-request-id': 'mine' })).json['id']).toBe('mine');
    expect((await infer('m@old', { inputs: [x(0)] })).json).toMatchObject({ model_name: 'm@old', model_version: '1' });
    expect((await infer('m/versions/2', { inputs: [x(0)] })).json).toMatchObject({ model_version: '2' });
  });

  it('takes binary tensors and gives them when asked, for one output or for all', async () => {
    const input = { name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } };
    const plain = withBinary({ inputs: [input] }, floats(1, 2));
    const json = (await (await post('/v2/models/m/infer', plain.body, plain.headers)).json()) as { outputs: unknown[] };
    expect(json.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [2], data: [3, 4] }]);
    for (const wish of [
      { parameters: { binary_data_output: true } },
      { outputs: [{ name: 'y', parameters: { binary_data: true } }] },
      { parameters: { binary_data_output: false }, outputs: [{ name: 'y', parameters: { binary_data: true } }] },
    ]) {
      const { body, headers } = withBinary({ ...wish, inputs: [input] }, floats(1, 2));
      const response = await post('/v2/models/m/infer', body, headers);
      const bytes = Buffer.from(await response.arrayBuffer());
      const length = Number(response.headers.get('inference-header-content-length'));
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({
        outputs: [{ name: 'y', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }],
      });
      expect(bytes.subarray(length)).toEqual(floats(3, 4));
    }
    const { body, headers } = withBinary(
      {
        parameters: { binary_data_output: true },
        outputs: [{ name: 'y', parameters: { binary_data: false } }],
        inputs: [input],
      },
      floats(1, 2),
    );
    const wins = (await (await post('/v2/models/m/infer', body, headers)).json()) as { outputs: { data: number[] }[] };
    expect(wins.outputs[0]?.data).toEqual([3, 4]);
  });

  it('takes one bare tensor', async () => {
    const response = await post('/v2/models/m/infer', floats(5, 6, 7), { 'inference-header-content-length': '0' });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(Number(response.headers.get('inference-header-content-length')))).toEqual(floats(7, 8, 9));
  });

  it('takes lists nested as the shape says, and empty ones', async () => {
    const text = {
      name: 'i_BYTES',
      datatype: 'BYTES',
      shape: [2, 2],
      data: [
        ['a', 'é'],
        ['', '"'],
      ],
    };
    const inputs = [
      { name: 'i_INT64', datatype: 'INT64', shape: [2, 2], data: [[1, 2], [3, 4]] },
      { name: 'i_FP64', datatype: 'FP64', shape: [2, 2], data: [1, 2, 3, 4] },
      text,
    ]; // prettier-ignore
    const { json } = await infer('echo', { inputs });
    expect((json['outputs'] as { data: unknown }[]).map(({ data }) => data)).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      ['a', 'é', '', '"'],
    ]);
    const none = inputs.map((input, at) => ({ ...input, shape: [0, 2], data: at === 0 ? [] : [] }));
    expect((await infer('echo', { inputs: none })).json['outputs']).toMatchObject([
      { shape: [0, 2], data: [] },
      {},
      {},
    ]);
  });

  it('keeps 64 bits, NaN, infinities and the sign of zero', async () => {
    const int64 = '[9007199254740993,-9223372036854775808,9223372036854775807,-1]';
    const fp64 = '["NaN","-Infinity",-0,9007199254740993]';
    const body = `{"inputs":[
      {"name":"i_INT64","datatype":"INT64","shape":[2,2],"data":${int64}},
      {"name":"i_FP64","datatype":"FP64","shape":[2,2],"data":${fp64}},
      {"name":"i_BYTES","datatype":"BYTES","shape":[2,2],"data":["9007199254740993","a","b","c"]}]}`;
    const text = await (await post('/v2/models/echo/infer', body)).text();
    expect(text).toContain(`"data":${int64}`);
    expect(text).toContain('"data":["NaN","-Infinity",-0,9007199254740992]'); // the nearest double
    expect(text).toContain('"data":["9007199254740993","a","b","c"]');
  });

  it('reads and writes compressed bodies', async () => {
    const many = JSON.stringify({ inputs: [x(...Array<number>(1_000).fill(1.5))] });
    for (const [encoding, compress, expand] of [
      ['gzip', gzipSync, gunzipSync],
      ['deflate', deflateSync, inflateSync],
    ] as const) {
      const raw = await exchange('/v2/models/m/infer', compress(many), {
        'content-encoding': encoding,
        'accept-encoding': `br;q=1, ${encoding};q=0.5`,
      });
      expect(raw.headers).toMatchObject({ 'content-encoding': encoding, vary: 'accept-encoding' });
      expect(raw.body.length).toBeLessThan(1_000);
      const answer = JSON.parse(expand(raw.body).toString()) as { outputs: { data: number[] }[] };
      expect(answer.outputs[0]?.data).toEqual(Array<number>(1_000).fill(3.5));
    }
    const forbidden = await exchange('/v2/models/m/infer', Buffer.from(many), { 'accept-encoding': 'gzip;q=0' });
    expect(forbidden.headers['content-encoding']).toBeUndefined();
    const small = await exchange('/v2/models/m/infer', Buffer.from(JSON.stringify({ inputs: [x(1)] })), {
      'accept-encoding': 'gzip',
    });
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('refuses FP16 in JSON both ways, and takes it in binary form', async () => {
    const input = { name: 'i_FP16', datatype: 'FP16', shape: [1, 2] };
    expect(await infer('half', { inputs: [{ ...input, data: [1, 2] }] })).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('FP16 cannot be sent as JSON') as string },
    });
    const raw = Buffer.from([0x00, 0x3c, 0x01, 0x00]);
    const inputs = [{ ...input, parameters: { binary_data_size: 4 } }];
    const asJson = withBinary({ inputs }, raw);
    const refused = await post('/v2/models/half/infer', asJson.body, asJson.headers);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({
      error: "output 'o_FP16' is FP16, which JSON does not carry; ask for binary_data",
    });
    const { body, headers } = withBinary({ inputs, parameters: { binary_data_output: true } }, raw);
    const response = await post('/v2/models/half/infer', body, headers);
    expect(
      Buffer.from(await response.arrayBuffer()).subarray(
        Number(response.headers.get('inference-header-content-length')),
      ),
    ).toEqual(raw);
  });

  it('counts what it answers like a call over gRPC', async () => {
    const { counts } = harness.metrics;
    const success = 'nv_inference_request_success{"model":"m","version":"2","workspace":"default"}';
    const before = counts.get(success) ?? 0;
    await infer('m', { inputs: [x(1)] });
    expect(counts.get(success)).toBe(before + 1);
  });
});

/** With the body as it came over the wire: fetch would expand it. */
function exchange(
  path: string,
  body: Uint8Array,
  headers: Record<string, string>,
): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${path}`, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
