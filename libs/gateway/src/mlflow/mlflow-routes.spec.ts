import {
  AlreadyExistsError,
  ConflictError,
  ExhaustedError,
  FailedPreconditionError,
  NotFoundError,
  UnsupportedError,
} from '@slipway/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type GatewayHarness } from '../testing/gateway-harness.ts';

const RUN = '0af7651916cd43dd8448eb211c80319c';
const BEYOND_DOUBLE = '9007199254740993'; // 2^53 + 1
const ADA = { authorization: 'Bearer ada' };
const JSON_TYPE = { 'content-type': 'application/json' };

let gateway: GatewayHarness;
let files: Map<string, Buffer>;
beforeEach(async () => {
  files = new Map();
  gateway = await startGateway({
    tracking: (note) => ({
      createExperiment: async (request, context) => {
        note(context, request);
        if (request.name === 'taken') throw new AlreadyExistsError('Experiment(name=taken) already exists.');
        return { experiment: { experiment_id: '7' } };
      },
      createRun: async (request, context) => {
        note(context, request);
        return { run: { run_id: RUN, start_time: request.start_time, status: 'RUN_STATUS_RUNNING' } };
      },
      getRun: async ({ run_id }, context) => {
        note(context, { run_id });
        if (run_id === 'absent') throw new NotFoundError('Run with id=absent not found', { reason: 'RUN_NOT_FOUND' });
        if (run_id === 'broken') throw new Error('secret');
        const metrics = [{ key: 'm', value: Number.NaN, timestamp: BEYOND_DOUBLE, step: '-9223372036854775808' }];
        return { run: { run_id, status: 'RUN_STATUS_FINISHED', end_time: '5', metrics, tags: { a: 'b' } } };
      },
      logBatch: async (request, context) => {
        note(context, request);
        if (request.run_id === 'deleted') {
          throw new FailedPreconditionError('The run deleted must be in the active state', {
            reason: 'RUN_NOT_ACTIVE',
          });
        }
        if (request.run_id === 'raced') throw new ConflictError('somebody was faster');
        if (request.run_id === 'full') throw new ExhaustedError('too many', { reason: 'TAGS_MAX' });
        return {};
      },
      restoreRun: async () => {
        throw new UnsupportedError('an older service', { reason: 'UNIMPLEMENTED' });
      },
      searchRuns: async (request, context) => {
        note(context, request);
        return { runs: [], next_page_token: 'next' };
      },
      uploadArtifact: async (requests, context) => {
        const chunks: Buffer[] = [];
        let location = '';
        for await (const { header, chunk } of requests) {
          if (header) location = header.owner?.location ?? '';
          if (chunk) chunks.push(Buffer.from(chunk));
        }
        note(context, { location });
        files.set(location, Buffer.concat(chunks));
        return {};
      },
      downloadArtifact: async function* ({ owner, offset, length }) {
        const bytes = files.get(owner?.location ?? '');
        if (!bytes) throw new NotFoundError('there is no such artifact', { reason: 'ARTIFACT_NOT_FOUND' });
        const end = length === '0' ? bytes.length : Number(offset) + Number(length);
        const artifact = { bytes: String(bytes.length), sha256: 'a'.repeat(64) };
        yield { artifact, chunk: bytes.subarray(Number(offset), end) };
      },
      listArtifacts: async ({ owner }) => {
        if (owner?.location !== '0/r/artifacts/dir') throw new NotFoundError('none', { reason: 'ARTIFACT_NOT_FOUND' });
        const file = { path: 'dir/a.txt', bytes: BEYOND_DOUBLE };
        return { artifacts: [file, { path: 'dir/sub', is_directory: true }] };
      },
      createMultipartUpload: async (request, context) => {
        note(context, request);
        return { upload_id: 'u1' };
      },
    }),
  });
});
afterEach(() => gateway.stop());

const call = (method: string, path: string, body?: string, headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${gateway.url}${path}`, { method, headers: { ...ADA, ...headers }, ...(body !== undefined && { body }) });
const post = (path: string, body: string, headers?: Record<string, string>) =>
  call('POST', `/api/2.0/mlflow/${path}`, body, headers);
const refusal = async (answer: Promise<Response>): Promise<readonly [number, string, string]> => {
  const response = await answer;
  const { error_code, message } = (await response.json()) as { error_code: string; message: string };
  return [response.status, error_code, message];
};
const DOCS = ' See the API docs for more information about request parameters.';

describe('a call of MLflow', () => {
  it.each(['/api/2.0', '/ajax-api/2.0'])('is answered below %s', async (prefix) => {
    const answer = await call('POST', `${prefix}/mlflow/experiments/create`, '{"name":"first","unknown":[1]}');
    expect([answer.status, await answer.json()]).toEqual([200, { experiment_id: '7' }]);
    expect(gateway.seen).toMatchObject([{ request: { name: 'first' }, caller: { principal: 'ada' } }]);
  });

  it('keeps all digits of int64, as numbers and as text', async () => {
    for (const written of [BEYOND_DOUBLE, `"${BEYOND_DOUBLE}"`]) {
      const answer = await post('runs/create', `{"experiment_id":0,"start_time":${written}}`);
      expect(await answer.text()).toContain(`"start_time":${BEYOND_DOUBLE},`);
    }
    expect(gateway.seen).toMatchObject([
      { request: { experiment_id: '0', start_time: BEYOND_DOUBLE } },
      { request: { experiment_id: '0', start_time: BEYOND_DOUBLE } },
    ]);
  });

  it('writes what is not finite as text, and both names of the run', async () => {
    const text = await (await call('GET', `/api/2.0/mlflow/runs/get?run_uuid=${RUN}&other=1`)).text();
    expect(text).toContain(`"value":"NaN","timestamp":${BEYOND_DOUBLE},"step":-9223372036854775808`);
    expect(text).toContain(`"run_id":"${RUN}","run_uuid":"${RUN}"`);
    expect(text).toContain('"status":"FINISHED"');
    expect(text).toContain('"tags":[{"key":"a","value":"b"}]');
  });

  it('reads a body that is JSON in JSON', async () => {
    const answer = await post('experiments/create', JSON.stringify(JSON.stringify({ name: 'twice' })));
    expect(answer.status).toBe(200);
    expect(gateway.seen).toMatchObject([{ request: { name: 'twice' } }]);
  });

  it.each([
    ['', `Missing value for required parameter 'name'.${DOCS}`],
    ['{', `Missing value for required parameter 'name'.${DOCS}`],
    ['{"name":""}', `Missing value for required parameter 'name'.${DOCS}`],
    ['{"name":5}', `Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.${DOCS}`],
    [
      '{"name":{"a":[1]}}',
      `Invalid value {"a":[1]} for parameter 'name' supplied:  Hint: Value was of type 'dict'.${DOCS}`,
    ],
  ])('refuses the body %s', async (body, message) => {
    expect(await refusal(post('experiments/create', body))).toEqual([400, 'INVALID_PARAMETER_VALUE', message]);
    expect(gateway.seen).toEqual([]);
  });

  it.each([
    ['{"key":"k","value":1}', `Missing value for required parameter 'metrics[0].timestamp'.${DOCS}`],
    [
      '{"key":"k","value":true,"timestamp":1}',
      `Invalid value true for parameter 'metrics[0].value' supplied:  Hint: Value was of type 'bool'.${DOCS}`,
    ],
    [
      '{"key":"k","value":1,"timestamp":1.5}',
      `Invalid value 1.5 for parameter 'metrics[0].timestamp' supplied:  Hint: Value was of type 'float'.${DOCS}`,
    ],
  ])('names the field of a list in %s', async (metric, message) => {
    const answer = post('runs/log-batch', `{"run_id":"${RUN}","metrics":[${metric}]}`);
    expect(await refusal(answer)).toEqual([400, 'INVALID_PARAMETER_VALUE', message]);
  });

  it('refuses a key of a parameter that comes twice, and takes the last of a tag', async () => {
    const twice = '[{"key":"k","value":"1"},{"key":"k","value":"2"}]';
    const [status, code, message] = await refusal(post('runs/log-batch', `{"run_id":"${RUN}","params":${twice}}`));
    expect([status, code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    expect(message).toContain('Duplicate parameter keys have been submitted: k.');
    expect((await post('runs/log-batch', `{"run_id":"${RUN}","tags":${twice}}`)).status).toBe(200);
    expect(gateway.seen).toMatchObject([{ request: { tags: { k: '2' } } }]);
  });

  it('refuses other content types, which pages of other sites may send', async () => {
    const answer = post('experiments/create', '{"name":"x"}', { 'content-type': 'text/plain' });
    expect(await refusal(answer)).toEqual([
      400,
      'INVALID_PARAMETER_VALUE',
      'Bad Request. Content-Type must be application/json.',
    ]);
    const withCharset = post('experiments/create', '{"name":"x"}', {
      'content-type': 'application/json; charset=utf-8',
    });
    expect((await withCharset).status).toBe(200);
  });

  it('asks who calls', async () => {
    const answer = call('GET', `/api/2.0/mlflow/runs/get?run_id=${RUN}`, undefined, { authorization: 'Bearer none' });
    expect(await refusal(answer)).toMatchObject([401, 'UNAUTHENTICATED', expect.any(String)]);
  });
});

describe('an error of a service', () => {
  it.each([
    ['experiments/create', '{"name":"taken"}', 400, 'RESOURCE_ALREADY_EXISTS'],
    ['runs/set-tag', '{"run_id":"deleted","key":"k","value":"v"}', 400, 'INVALID_PARAMETER_VALUE'],
    ['runs/set-tag', '{"run_id":"raced","key":"k","value":"v"}', 503, 'TEMPORARILY_UNAVAILABLE'],
    ['runs/set-tag', '{"run_id":"full","key":"k","value":"v"}', 400, 'INVALID_PARAMETER_VALUE'],
  ])('of %s %s is %i %s', async (path, body, status, code) => {
    expect((await refusal(post(path, body))).slice(0, 2)).toEqual([status, code]);
  });

  it('that something is not there is 404, a bug is 500 without its text', async () => {
    const get = (run: string) => refusal(call('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`));
    expect(await get('absent')).toEqual([404, 'RESOURCE_DOES_NOT_EXIST', 'Run with id=absent not found']);
    expect(await get('broken')).toMatchObject([500, 'INTERNAL_ERROR', expect.not.stringContaining('secret')]);
  });

  it('that it does not know the call is a bare 404, as are calls that nobody knows', async () => {
    const absent = [
      await post('runs/restore', '{"run_id":"r"}'),
      await call('GET', '/api/3.0/mlflow/traces'),
      await call('POST', '/ajax-api/3.0/mlflow/traces/search', '{"a":1}'),
    ];
    for (const answer of absent) expect([answer.status, await answer.text()]).toEqual([404, '']);
    expect((await call('POST', '/v1/traces', 'spans')).status).toBe(501);
  });
});

describe('a search', () => {
  it('takes numbers as ids and bounds its results', async () => {
    const answer = await post('runs/search', '{"experiment_ids":[0,"1"],"max_results":5,"run_view_type":"ALL"}');
    expect(await answer.json()).toEqual({ runs: [], next_page_token: 'next' });
    expect(gateway.seen).toMatchObject([
      { request: { experiment_ids: ['0', '1'], page_size: 5, view_type: 'VIEW_TYPE_ALL' } },
    ]);
    const [status, , message] = await refusal(post('runs/search', '{"experiment_ids":["0"],"max_results":50001}'));
    expect([status, message]).toEqual([400, expect.stringContaining('It must be at most 50000, but got value 50001')]);
  });
});

describe('the proxy of artifacts', () => {
  const base = '/api/2.0/mlflow-artifacts/artifacts';
  const place = '0/r/artifacts/a b.html';
  beforeEach(async () => {
    const answer = await call('PUT', `${base}/${encodeURI(place)}`, '0123456789', { 'content-type': 'text/html' });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
  });

  it('keeps bytes and gives them to be saved, not shown', async () => {
    expect(files.get(place)?.toString()).toBe('0123456789');
    const answer = await call('GET', `${base}/${encodeURI(place)}`);
    expect(await answer.text()).toBe('0123456789');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-length': '10',
      'content-disposition': 'attachment; filename="a b.html"',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=1-2,4-5', 200, '0123456789', null],
  ])('gives the range %s', async (range, status, text, contentRange) => {
    const answer = await call('GET', `${base}/${encodeURI(place)}`, undefined, { range });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  it('tells HEAD the size alone', async () => {
    const answer = await call('HEAD', `${base}/${encodeURI(place)}`);
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '10', '']);
  });

  it('lists names, and nothing where nothing is', async () => {
    const list = async (path: string) => (await call('GET', `${base}?path=${path}`)).text();
    expect(await list('0/r/artifacts/dir')).toBe(
      `{"files":[{"path":"a.txt","is_dir":false,"file_size":${BEYOND_DOUBLE}},{"path":"sub","is_dir":true}]}`,
    );
    expect(await list('0/r/artifacts/none')).toBe('{"files":[]}');
  });

  it.each(['%2e%2e%2fx', 'a%5cb', '%252e%252e/x', 'a//b'])('refuses the path %s', async (path) => {
    const kept = files.size;
    expect((await call('PUT', `${base}/0/r/artifacts/${path}`, 'x', {})).status).toBe(400);
    expect(files.size).toBe(kept);
  });

  it('sends the parts of an upload back here, with the token of the one who asked', async () => {
    const path = '/api/2.0/mlflow-artifacts/mpu/create/0/r/artifacts/dir';
    const answer = await call('POST', path, '{"path":"big.bin","num_parts":2}');
    const url = `${gateway.url}/api/2.0/mlflow-artifacts/mpu/parts/u1`;
    expect(await answer.json()).toEqual({
      upload_id: 'u1',
      credentials: [1, 2].map((part_number) => ({ url: `${url}/${part_number}`, part_number, headers: ADA })),
    });
    expect(gateway.seen.at(-1)).toMatchObject({
      request: { owner: { location: '0/r/artifacts/dir/big.bin' }, parts: 2 },
    });
  });
});
