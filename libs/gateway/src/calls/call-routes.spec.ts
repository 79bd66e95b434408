import { setTimeout as delay } from 'node:timers/promises';
import { NotFoundError } from '@slipway/kernel';
import { DeadlineExceededError } from '@slipway/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type GatewayHarness } from '../testing/gateway-harness.ts';

const REGISTRY = '/slipway.registry.v1.RegistryService';
const OPERATIONS = '/slipway.common.v1.OperationService';
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const ADA = { authorization: 'Bearer ada' };
const JSON_TYPE = { 'content-type': 'application/json' };
const LINES_TYPE = { 'content-type': 'application/x-ndjson' };

let gateway: GatewayHarness;
let uploads: string[];
beforeEach(async () => {
  uploads = [];
  gateway = await startGateway({
    registry: (note) => ({
      getRegisteredModel: async (request, context) => {
        note(context, request);
        context.setTrailer('slipway-latency-ms', 'inference=1');
        if (request.name === 'slow') await delay(10_000, undefined, { signal: context.signal });
        if (request.name === 'absent') throw new NotFoundError('there is no such model', { reason: 'MODEL_NOT_FOUND' });
        if (request.name === 'broken') throw new Error('secret');
        return { model: { name: request.name, last_version: '9223372036854775807', tags: { a: 'b' } } };
      },
      createModelVersion: async (requests, context) => {
        for await (const request of requests) {
          note(context, request);
          uploads.push(JSON.stringify(request));
        }
        return { version: { model: 'flights', version: '3' } };
      },
    }),
    operations: (note) => ({
      watchOperation: async function* (request, context) {
        note(context, request);
        if (request.id === 'absent') throw new NotFoundError('no such operation');
        for (let done = 1; done <= 3; done += 1) {
          yield { operation: { id: request.id, progress: { done: String(done) } } };
          if (request.id === 'breaks' && done === 2) throw new NotFoundError('gone meanwhile');
        }
      },
    }),
  });
});
afterEach(() => gateway.stop());

const post = (
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = { ...ADA, ...JSON_TYPE },
): Promise<Response> => fetch(`${gateway.url}${path}`, { method: 'POST', body, headers });

describe('a unary method', () => {
  it('takes and gives proto3 JSON, with its trailers as headers', async () => {
    const answer = await post(`${REGISTRY}/GetRegisteredModel`, '{"name":"flights"}');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json',
      'trailer-slipway-latency-ms': 'inference=1',
      'cache-control': 'no-store',
    });
    expect(await answer.json()).toMatchObject({
      model: { name: 'flights', last_version: '9223372036854775807', tags: { a: 'b' }, aliases: [] },
    });
  });

  it('is called as its caller, in his workspace, with his request id, trace and deadline', async () => {
    await post(`${REGISTRY}/GetRegisteredModel`, '{"name":"flights"}', {
      ...ADA,
      'content-type': 'application/json; charset=utf-8',
      'slipway-workspace': 'flights',
      'x-request-id': 'r-7',
      traceparent: TRACE,
      'connect-timeout-ms': '5000',
    });
    const [seen] = gateway.seen;
    expect(seen).toMatchObject({
      requestId: 'r-7',
      traceparent: TRACE,
      caller: { principal: 'ada', workspace: 'flights' },
    });
    expect(seen?.remainingMs).toBeGreaterThan(3_000);
    expect(seen?.remainingMs).toBeLessThanOrEqual(5_000);
  });

  it('fails in the words of Connect, and late calls as such', async () => {
    const absent = await post(`${REGISTRY}/GetRegisteredModel`, '{"name":"absent"}');
    expect(absent.status).toBe(404);
    expect(await absent.json()).toMatchObject({
      code: 'not_found',
      message: 'there is no such model',
      details: [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'MODEL_NOT_FOUND' } }, {}],
    });
    const broken = await post(`${REGISTRY}/GetRegisteredModel`, '{"name":"broken"}');
    expect([broken.status, JSON.stringify(await broken.json())]).toEqual([500, expect.not.stringContaining('secret')]);
    const late = { ...ADA, ...JSON_TYPE, 'connect-timeout-ms': '100' };
    const answer = await post(`${REGISTRY}/GetRegisteredModel`, '{"name":"slow"}', late);
    expect([answer.status, await answer.json()]).toEqual([504, expect.objectContaining({ code: 'deadline_exceeded' })]);
    expect(new DeadlineExceededError().name).toBe('DeadlineExceededError');
  });

  it('goes to the service that was asked for when several answer it', async () => {
    const list = async (headers: Record<string, string>): Promise<unknown> => {
      const body = '{"service":"registry"}';
      const answer = await post('/slipway.audit.v1.AuditService/ListAuditRecords', body, {
        ...ADA,
        ...JSON_TYPE,
        ...headers,
      });
      return ((await answer.json()) as { next_page_token?: string; code?: string }).next_page_token ?? answer.status;
    };
    expect(await list({})).toBe('one');
    expect(await list({ 'slipway-service': 'audit-two' })).toBe('two');
    expect(await list({ 'slipway-service': 'registry' })).toBe(400);
  });
});

describe('a method that answers with a stream', () => {
  const lines = async (id: string): Promise<{ status: number; type: string | null; lines: unknown[] }> => {
    const answer = await post(`${OPERATIONS}/WatchOperation`, JSON.stringify({ id }));
    const text = await answer.text();
    const parsed = text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    return { status: answer.status, type: answer.headers.get('content-type'), lines: parsed };
  };

  it('sends one message a line', async () => {
    const { status, type, lines: sent } = await lines('work');
    expect([status, type]).toEqual([200, 'application/x-ndjson']);
    expect(sent).toMatchObject(
      [1, 2, 3].map((done) => ({ operation: { id: 'work', progress: { done: String(done) } } })),
    );
  });

  it('refuses with a status, and says at the end what broke it', async () => {
    expect(await lines('absent')).toMatchObject({ status: 404, lines: [{ code: 'not_found' }] });
    const { status, lines: sent } = await lines('breaks');
    expect([status, sent.length]).toEqual([200, 3]);
    expect(sent[2]).toMatchObject({ '@error': { code: 'not_found', message: 'gone meanwhile' } });
  });
});

describe('a method that takes a stream', () => {
  const upload = (body: string | Buffer): Promise<Response> =>
    post(`${REGISTRY}/CreateModelVersion`, body, { ...ADA, ...LINES_TYPE });
  const chunk = (bytes: Buffer): string => `{"chunk":"${bytes.toString('base64')}"}\n`;

  it('reads one message a line, wherever the packets end', async () => {
    const answer = await upload(`\n${chunk(Buffer.from([0, 255]))}\r\n${chunk(Buffer.from('end')).trimEnd()}`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { version: expect.objectContaining({ model: 'flights', version: '3' }) },
    ]);
    expect(uploads).toHaveLength(2);
    expect(uploads[0]).toContain('[0,255]');
  });

  it.each<[what: string, body: string, status: number, text: string]>([
    ['a line that is no JSON', `${chunk(Buffer.from('a'))}{"chunk"\n`, 400, 'line 2'],
    ['a wrong field in a line', `${chunk(Buffer.from('a'))}\n{"chunck":"AA=="}\n`, 400, 'line 3: chunck'],
    ['a line that is too long', chunk(Buffer.alloc(20_000)), 400, 'line 1'],
    ['a line without an end', `{"chunk":"${'A'.repeat(40_000)}`, 400, 'line 1'],
    ['too many bytes', chunk(Buffer.alloc(3_000)).repeat(40), 413, 'larger than 100000 bytes'],
  ])('refuses %s', async (_what, body, status, text) => {
    const answer = await upload(body);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(text)]);
  });
});

describe('refused before a service hears of it is', () => {
  const method = `${REGISTRY}/GetRegisteredModel`;
  const good = '{"name":"flights"}';
  it.each<[what: string, path: string, body: string | Buffer, headers: Record<string, string>, status: number]>([
    ['no token', method, good, JSON_TYPE, 401],
    ['a wrong token', method, good, { ...JSON_TYPE, authorization: 'Bearer adam' }, 401],
    ['a token in another scheme', method, good, { ...JSON_TYPE, authorization: 'Digest ada' }, 401],
    ['another workspace', method, good, { ...ADA, ...JSON_TYPE, 'slipway-workspace': 'secret' }, 403],
    ['a caller without the permission', method, good, { ...JSON_TYPE, authorization: 'Bearer eve' }, 403],
    ['no content type', method, Buffer.from(good), ADA, 415],
    ['text', method, good, { ...ADA, 'content-type': 'text/plain' }, 415],
    ['a form', method, 'name=flights', { ...ADA, 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [
      'JSON in another character set',
      method,
      good,
      { ...ADA, 'content-type': 'application/json; charset=latin1' },
      415,
    ],
    ['lines for one message', method, good, { ...ADA, ...LINES_TYPE }, 415],
    ['one message for lines', `${REGISTRY}/CreateModelVersion`, good, { ...ADA, ...JSON_TYPE }, 415],
    ['the binary form', method, 'x', { ...ADA, 'content-type': 'application/proto' }, 415],
    ['nothing', method, '', { ...ADA, ...JSON_TYPE }, 400],
    ['half of a document', method, '{"name":', { ...ADA, ...JSON_TYPE }, 400],
    ['two documents', method, `${good}${good}`, { ...ADA, ...JSON_TYPE }, 400],
    ['a comment', method, '{} // x', { ...ADA, ...JSON_TYPE }, 400],
    [
      'bytes that are no UTF-8',
      method,
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      { ...ADA, ...JSON_TYPE },
      400,
    ],
    ['a list', method, '[]', { ...ADA, ...JSON_TYPE }, 400],
    ['a prototype', method, '{"__proto__":{"name":"x"}}', { ...ADA, ...JSON_TYPE }, 400],
    ['a nest of lists', method, `{"name":${'['.repeat(4_000)}${']'.repeat(4_000)}}`, { ...ADA, ...JSON_TYPE }, 400],
    ['a huge number', method, `{"name":1${'0'.repeat(5_000)}}`, { ...ADA, ...JSON_TYPE }, 400],
    ['too large a message', method, `{"name":"${'x'.repeat(20_000)}"}`, { ...ADA, ...JSON_TYPE }, 413],
    ['a rule of the contract', method, '{"name":"../etc/passwd"}', { ...ADA, ...JSON_TYPE }, 400],
    ['a deadline of words', method, good, { ...ADA, ...JSON_TYPE, 'connect-timeout-ms': 'soon' }, 400],
    ['no time at all', method, good, { ...ADA, ...JSON_TYPE, 'connect-timeout-ms': '0' }, 400],
    ['a method that is not there', `${REGISTRY}/DropTables`, good, { ...ADA, ...JSON_TYPE }, 404],
    [
      'a service that is not there',
      '/slipway.registry.v2.RegistryService/GetRegisteredModel',
      good,
      { ...ADA, ...JSON_TYPE },
      404,
    ],
    ['another spelling', method.toLowerCase(), good, { ...ADA, ...JSON_TYPE }, 404],
    ['a page of another site', method, good, { ...ADA, ...JSON_TYPE, origin: 'https://evil.example' }, 403],
  ])('%s', async (_what, path, body, headers, status) => {
    const answer = await post(path, body, headers);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code: expect.stringMatching(/^[a-z_]+$/), details: expect.any(Array) });
    expect(gateway.seen).toEqual([]);
  });

  it('GET', async () => {
    const answer = await fetch(`${gateway.url}${method}`, { headers: ADA });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('what there is', () => {
  const read = async (path: string, headers: Record<string, string> = ADA): Promise<[number, unknown]> => {
    const answer = await fetch(`${gateway.url}${path}`, { headers });
    const type = answer.headers.get('content-type') ?? '';
    return [answer.status, type === 'application/json' ? await answer.json() : await answer.text()];
  };

  it('is listed with permissions and examples that are read again', async () => {
    const [status, body] = await read('/api');
    const { services } = body as {
      services: { services: { methods: { path: string; permission: string; example: object; kind: string }[] }[] }[];
    };
    const methods = services.flatMap((each) => each.services).flatMap((each) => each.methods);
    expect(status).toBe(200);
    expect(methods.find(({ path }) => path.endsWith('/MoveAlias'))).toMatchObject({
      permission: 'registry.aliases.move',
      kind: 'unary',
      example: { model: '', alias: '', version: '0' },
    });
    expect(methods.length).toBeGreaterThan(25);
  });

  it('is healthy', async () => {
    expect(await read('/health', {})).toEqual([200, 'OK']);
    expect(await read('/version', {})).toEqual([200, '3.17.2']);
    expect((await read('/api/status', {}))[0]).toBe(401);
    expect(await read('/api/status')).toEqual([
      200,
      {
        version: '1.2.3',
        services: expect.arrayContaining([
          {
            name: 'registry',
            address: 'in this process',
            healthy: true,
            services: ['slipway.registry.v1.RegistryService'],
          },
        ]),
      },
    ]);
  });
});
