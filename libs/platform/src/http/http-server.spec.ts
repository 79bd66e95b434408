import { Agent, get, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import {
  AlreadyExistsError,
  ConflictError,
  createIdSource,
  DataLossError,
  DeniedError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  seededRandom,
  silentLogger,
  systemClock,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
} from '@slipway/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetricsRegistry } from '../telemetry/metrics-registry.ts';
import { createHttpMetrics } from './http-metrics.ts';
import { HttpServer, type HttpServerOptions } from './http-server.ts';
import type { HttpRoute, HttpRoutes } from './route.ts';
import { requestText, sendRaw } from './testing/raw-request.ts';

const errors = {
  invalid: InvalidArgumentError.of('rows', 'is empty'),
  missing: new NotFoundError('no such thing'),
  there: new AlreadyExistsError('it is there'),
  denied: new DeniedError('not you'),
  full: new ExhaustedError('too many'),
  state: new FailedPreconditionError('not now'),
  conflict: new ConflictError('changed meanwhile'),
  unsupported: new UnsupportedError('not built'),
  away: new UnavailableError('gone for a while'),
  lost: new DataLossError('bytes differ'),
  who: new UnauthenticatedError('who are you'),
  bug: new TypeError('secret internals'),
};
type ErrorName = keyof typeof errors;

let registry: ReturnType<typeof createMetricsRegistry>;
let server: HttpServer;
let seen: string[];
const controllers: (() => void)[] = [];

const routes: HttpRoute[] = [
  { method: 'GET', path: '/hello', permission: 'public', handle: async () => ({ body: 'hello' }) },
  {
    method: 'GET',
    path: '/who',
    permission: 'registry.models.read',
    handle: async ({ caller }) => ({ json: { who: `${caller.principal}@${caller.workspace}` } }),
  },
  {
    method: 'POST',
    path: '/echo/:name',
    permission: 'public',
    body: 'bytes',
    bodyBytesMax: 1_000,
    contentEncodings: ['gzip'],
    handle: async ({ body, param }) => ({ headers: { 'x-name': param('name') }, body }),
  },
  {
    method: 'PUT',
    path: '/files/*path',
    permission: 'public',
    body: 'stream',
    bodyBytesMax: 10_000_000,
    handle: async (request) => {
      let bytes = 0;
      for await (const chunk of request.chunks()) bytes += chunk.length;
      return { json: { path: request.param('path'), bytes } };
    },
  },
  {
    method: 'GET',
    path: '/fail/:name',
    permission: 'public',
    handle: async ({ param }) => {
      throw errors[param('name') as ErrorName];
    },
  },
  {
    method: 'GET',
    path: '/slow',
    permission: 'public',
    timeoutMs: 300,
    handle: async ({ query, signal }) => {
      seen.push('begun');
      const aborted = once(signal, 'abort').then(() => void seen.push((signal.reason as Error).name));
      await Promise.race([aborted, delay(Number(query.get('ms') ?? 0))]);
      return { body: 'done' };
    },
  },
  {
    method: 'GET',
    path: '/numbers',
    permission: 'public',
    handle: async (request) => ({ contentType: 'text/event-stream', body: numbers(request.draining, request.query) }),
  },
  { method: 'GET', path: '/', permission: 'public', isPage: true, handle: async () => ({ body: 'page' }) },
];

async function* numbers(draining: AbortSignal, query: URLSearchParams): AsyncGenerator<string, void, undefined> {
  try {
    if (query.has('refuse')) throw new NotFoundError('no numbers');
    for (let count = 0; count < Number(query.get('count') ?? 1e9) && !draining.aborted; count += 1) {
      if (query.has('break') && count === 2) throw new Error('broken');
      yield `${count}:${'x'.repeat(Number(query.get('width') ?? 1))}\n`;
      await delay(Number(query.get('ms') ?? 0));
    }
  } finally {
    seen.push('numbers ended');
  }
}

async function open(options: Partial<HttpServerOptions> = {}, owner: Partial<HttpRoutes> = {}): Promise<HttpServer> {
  registry = createMetricsRegistry(false);
  server = new HttpServer({
    listener: 'http',
    modules: [{ listener: 'http', routes, ...owner }],
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    metrics: createHttpMetrics(registry),
    limits: { headersMs: 300, stallMs: 300, drainGraceMs: 50, connectionsMax: 20 },
    dependencies: {
      clock: systemClock,
      ids: createIdSource(systemClock, seededRandom(5)),
      log: silentLogger,
      resolveCaller: async ({ authorization, workspace = 'default' }) => {
        if (authorization === undefined) throw new UnauthenticatedError('no token');
        const permissions = new Set(authorization === 'Bearer ada' ? ['registry.*'] : []);
        return { principal: authorization, workspace, allWorkspaces: false, permissions };
      },
    },
    ...options,
  });
  await server.start(new AbortController().signal);
  return server;
}

beforeEach(() => {
  seen = [];
});
afterEach(async () => {
  for (const end of controllers.splice(0)) end();
  await server.stop();
});

const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
const hung = (): Socket => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  controllers.push(() => socket.destroy());
  return socket;
};

describe('a route', () => {
  beforeEach(() => open());

  it('answers with what its handler returns, and HEAD without the body', async () => {
    const answer = await fetch(url('/hello'));
    expect(await answer.text()).toBe('hello');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    });
    const head = await sendRaw(server.port, requestText('HEAD', '/hello'));
    expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '5', '']);
  });

  it('gets its body, its decoded segment and a compressed body', async () => {
    const plain = await fetch(url('/echo/caf%C3%A9%20x'), { method: 'POST', body: 'rows' });
    expect([await plain.text(), plain.headers.get('x-name')]).toEqual(['rows', 'café x']);
    const packed = { method: 'POST', body: gzipSync('packed'), headers: { 'content-encoding': 'gzip' } };
    expect(await (await fetch(url('/echo/x'), packed)).text()).toBe('packed');
    const bomb = { ...packed, body: gzipSync(Buffer.alloc(100_000)) }; // small enough itself
    expect((await fetch(url('/echo/x'), bomb)).status).toBe(413);
    expect((await fetch(url('/echo/x'), { ...packed, body: 'not gzip' })).status).toBe(400);
  });

  it('streams a body of which no whole is kept', async () => {
    const answer = await fetch(url('/files/a/b%20c/d.bin'), { method: 'PUT', body: Buffer.alloc(5_000_000) });
    expect(await answer.json()).toEqual({ path: 'a/b c/d.bin', bytes: 5_000_000 });
  });

  it('keeps the request id of the caller when it is one, and makes one otherwise', async () => {
    const idOf = async (id: string): Promise<string | null> =>
      (await fetch(url('/hello'), { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idOf('from-outside')).toBe('from-outside');
    expect(await idOf('two words')).toMatch(/^[0-9a-f-]+\.\w+$/);
  });

  it('knows its caller and the workspace, by our header and by the one of MLflow', async () => {
    const who = async (headers: Record<string, string>): Promise<unknown> => {
      const answer = await fetch(url('/who'), { headers });
      return answer.status === 200 ? ((await answer.json()) as { who: string }).who : answer.status;
    };
    const authorization = 'Bearer ada';
    expect(await who({ authorization })).toBe('Bearer ada@default');
    expect(await who({ authorization, 'slipway-workspace': 'flights' })).toBe('Bearer ada@flights');
    expect(await who({ authorization, 'x-mlflow-workspace': 'flights' })).toBe('Bearer ada@flights');
    expect(await who({ authorization, 'x-mlflow-workspace': 'a', 'slipway-workspace': 'b' })).toBe(400);
    expect(await who({})).toBe(401);
    expect(await who({ authorization: 'Bearer eve' })).toBe(403);
  });

  it.each<[ErrorName, number, string]>([
    ['invalid', 400, 'invalid_argument'],
    ['missing', 404, 'not_found'],
    ['there', 409, 'already_exists'],
    ['denied', 403, 'permission_denied'],
    ['full', 429, 'resource_exhausted'],
    ['state', 400, 'failed_precondition'],
    ['conflict', 409, 'aborted'],
    ['unsupported', 501, 'unimplemented'],
    ['away', 503, 'unavailable'],
    ['lost', 500, 'data_loss'],
    ['who', 401, 'unauthenticated'],
    ['bug', 500, 'internal'],
  ])('that throws %s answers %i %s', async (name, status, code) => {
    const answer = await fetch(url(`/fail/${name}`), { headers: { 'x-request-id': 'r-1' } });
    const body = (await answer.json()) as { code: string; message: string; details: unknown[] };
    expect([answer.status, body.code]).toEqual([status, code]);
    expect(body.message).toBe(name === 'bug' ? 'internal error' : errors[name].message);
    expect(JSON.stringify(body.details)).toContain('"requestId":"r-1"');
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
    if (name === 'invalid') expect(JSON.stringify(body.details)).toContain('{"field":"rows","description":"is empty"}');
  });

  it('is counted by its pattern, what no route answers by none', async () => {
    await fetch(url('/echo/secret-name'), { method: 'POST' });
    await fetch(url('/nowhere/secret-name'));
    await delay(20);
    const { body } = await registry.expose();
    const series = (method: string, route: string, status: number): string =>
      `http_server_request_duration_seconds_count{listener="http",http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"} 1`;
    expect(body).toContain(series('POST', '/echo/:name', 200));
    expect(body).toContain(series('GET', '', 404));
    expect(body).not.toContain('secret-name');
  });
});

describe('errors in the words of a protocol', () => {
  it('are used for what its routes and the paths below its prefix refuse', async () => {
    await open({}, { renderError: ({ message, status }) => ({ error: message, status }), prefix: '/v2' });
    expect(await (await fetch(url('/fail/missing'))).json()).toEqual({ error: 'no such thing', status: 404 });
    expect(await (await fetch(url('/v2/x'))).json()).toEqual({ error: 'nothing is at this path', status: 404 });
    expect(await (await fetch(url('/v20'))).json()).toMatchObject({ code: 'not_found' });
  });
});

describe('refused is', () => {
  const long = 'x'.repeat(5_000);
  const evil = { origin: 'http://evil.example' };
  const json = { 'content-type': 'application/json' };
  const cases: [what: string, text: string | string[], status: number][] = [
    ['another Host', requestText('GET', '/hello', { host: 'evil.example' }), 403],
    ['a Host that begins like ours', requestText('GET', '/hello', { host: 'localhost.evil.example' }), 403],
    ['no Host', 'GET /hello HTTP/1.1\r\n\r\n', 400],
    ['no Host in HTTP/1.0', 'GET /hello HTTP/1.0\r\n\r\n', 403],
    ['two Hosts', 'GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n\r\n', 400],
    ['a post from another origin', requestText('POST', '/echo/x', evil, 'x'), 403],
    ['a read from another origin', requestText('GET', '/hello', evil), 403],
    ['the origin null', requestText('GET', '/hello', { origin: 'null' }), 403],
    [
      'our name at another port',
      requestText('GET', '/hello', { host: '127.0.0.1:1', origin: 'http://127.0.0.1:2' }),
      403,
    ],
    ['an origin without scheme', requestText('GET', '/hello', { origin: '127.0.0.1' }), 403],
    ['a preflight from another origin', requestText('OPTIONS', '/hello', evil), 403],
    [
      'a script of another site',
      requestText('GET', '/hello', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
      403,
    ],
    [
      'a frame of another site',
      requestText('GET', '/', {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      }),
      403,
    ],
    ['an unknown path', requestText('GET', '/hello/'), 404],
    ['another method', requestText('DELETE', '/hello'), 405],
    ['an unknown method', 'BREW /hello HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n', 400],
    ['TRACE', requestText('TRACE', '/hello'), 405],
    ['the target of a proxy', requestText('GET', 'http://evil.example/hello'), 400],
    ['dots', requestText('PUT', '/files/../hello'), 400],
    ['escaped dots', requestText('PUT', '/files/%2e%2e/hello'), 400],
    ['half escaped dots', requestText('PUT', '/files/.%2E/hello'), 400],
    ['twice escaped dots', requestText('PUT', '/files/%252e%252e/hello'), 400],
    ['an escaped slash', requestText('PUT', '/files/a%2Fb'), 400],
    ['an escaped backslash', requestText('PUT', '/files/a%5Cb'), 400],
    ['a backslash', requestText('PUT', '/files/..\\b'), 400],
    ['an escaped NUL', requestText('PUT', '/files/a%00'), 400],
    ['half an escape', requestText('PUT', '/files/a%2'), 400],
    ['no UTF-8', requestText('PUT', '/files/%ff%fe'), 400],
    ['a path parameter', requestText('PUT', '/files/a;/../b'), 400],
    ['a double slash', requestText('GET', '//hello'), 400],
    ['a long path', requestText('GET', `/${long}`), 400],
    ['a body where none is wanted', requestText('GET', '/hello', {}, 'x'), 400],
    ['too long a body', requestText('POST', '/echo/x', {}, long), 413],
    [
      'too long a body in chunks',
      requestText('POST', '/echo/x', { 'transfer-encoding': 'chunked' }, `1388\r\n${long}\r\n0\r\n\r\n`),
      413,
    ],
    ['a chunk size that is none', requestText('POST', '/echo/x', { 'transfer-encoding': 'chunked' }, 'zz\r\nx'), 400],
    [
      'two lengths',
      requestText('POST', '/echo/x', { 'content-length': '1', 'transfer-encoding': 'chunked' }, 'x'),
      400,
    ],
    ['a negative length', requestText('POST', '/echo/x', { 'content-length': '-1' }, 'x'), 400],
    ['an encoding nobody reads', requestText('POST', '/echo/x', { 'content-encoding': 'br' }, 'x'), 415],
    ['an expectation', requestText('POST', '/echo/x', { expect: 'miracles' }, 'x'), 417],
    ['16 KiB of headers', requestText('GET', '/hello', { 'x-long': 'x'.repeat(17_000) }), 431],
    ['no HTTP', ['\x16\x03\x01\x02\x00\x01\x00'], 400],
    ['half a header', ['GET /hello HT'], 408],
    ['a body that does not come', requestText('POST', '/echo/x', { ...json, 'content-length': '10' }, 'x'), 408],
    ['a stream that stops', requestText('PUT', '/files/x', { 'content-length': '10' }, 'x'), 408],
  ];

  it.each(cases)('%s', async (_what, text, status) => {
    await open();
    const answer = await sendRaw(server.port, text, 1_600);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('    at ');
    expect(await (await fetch(url('/hello'))).text()).toBe('hello');
  });

  it('not: the page behind a link of another site, and our own pages', async () => {
    await open();
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await sendRaw(server.port, requestText('GET', '/', link))).status).toBe(200);
    expect((await sendRaw(server.port, requestText('GET', '/hello', link))).status).toBe(403);
    const own = { host: `localhost:${server.port}`, origin: `http://localhost:${server.port}` };
    expect((await sendRaw(server.port, requestText('POST', '/echo/x', own, 'x'))).status).toBe(200);
  });

  it('nothing that the settings allow', async () => {
    await open({ allowedHosts: ['models.example'], allowedOrigins: ['https://tools.example'] });
    const there = { host: 'models.example:80', origin: 'https://tools.example' };
    const answer = await sendRaw(server.port, requestText('GET', '/hello', there));
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, 'https://tools.example']);
    const asked = { ...there, 'access-control-request-headers': 'authorization' };
    const preflight = await sendRaw(server.port, requestText('OPTIONS', '/hello', asked));
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([204, 'authorization']);
    expect(
      (await sendRaw(server.port, requestText('GET', '/hello', { ...there, origin: 'http://tools.example' }))).status,
    ).toBe(403);
  });
});

describe('waits are bounded:', () => {
  it('a handler that takes too long is answered with 504 and told', async () => {
    await open();
    const answer = await fetch(url('/slow?ms=5000'));
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'deadline_exceeded' });
    expect(seen).toEqual(['begun', 'DeadlineExceededError']);
  });

  it('a handler whose client leaves is told', async () => {
    await open();
    const socket = hung();
    socket.write(requestText('GET', '/slow?ms=5000'));
    while (!seen.includes('begun')) await delay(5);
    socket.destroy();
    while (seen.length < 2) await delay(5);
    expect(seen).toEqual(['begun', 'CallCancelledError']);
  });

  it('a client that does not read is left, and the sequence ends', async () => {
    await open();
    const socket = hung();
    socket.pause();
    socket.write(requestText('GET', '/numbers?width=100000'));
    while (!seen.includes('numbers ended')) await delay(20);
    const { body } = await registry.expose();
    expect(body).toContain('http_route="/numbers",http_response_status_code="499"} 1');
  });

  it('connections past the limit are closed, and those that say nothing', async () => {
    await open({ limits: { connectionsMax: 2, headersMs: 200 } });
    const sockets = [hung(), hung()];
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect((await sendRaw(server.port, requestText('GET', '/hello'))).status).toBe(0);
    await Promise.all(sockets.map((socket) => (socket.resume(), once(socket, 'close'))));
    expect((await fetch(url('/hello'))).status).toBe(200);
  });
});

describe('a sequence', () => {
  beforeEach(() => open());

  it('is sent part by part and ends its handler', async () => {
    const answer = await fetch(url('/numbers?count=3'));
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/event-stream', '0:x\n1:x\n2:x\n']);
    expect(seen).toEqual(['numbers ended']);
  });

  it('that fails before its first part is an error like others, after it the connection breaks', async () => {
    expect((await fetch(url('/numbers?refuse'))).status).toBe(404);
    const broken = await fetch(url('/numbers?break'));
    expect(broken.status).toBe(200);
    await expect(broken.text()).rejects.toThrow('terminated');
  });
});

describe('a drain', () => {
  it('loses no request of clients that keep their connections, and ends what has no end', async () => {
    await open();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const failures: unknown[] = [];
    const answered: number[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        try {
          await new Promise<void>((resolve, reject) => {
            const sent = get({ agent, port: server.port, host: '127.0.0.1', path: '/slow?ms=5' }, (answer) => {
              answer.resume().once('end', () => {
                answered.push(answer.statusCode ?? 0);
                if (answer.headers.connection === 'close') isOver = true; // where a balancer would go elsewhere
                resolve();
              });
            });
            sent.once('error', reject);
          });
        } catch (error) {
          failures.push(error);
          isOver = true;
        }
      }
    };
    const hello = url('/hello');
    const endless = fetch(url('/numbers?ms=5')).then((answer) => answer.text());
    const clients = Array.from({ length: 8 }, client);
    while (answered.length <= 50 && failures.length === 0) await delay(5);
    await server.drain(AbortSignal.timeout(5_000));
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(answered.length).toBeGreaterThan(50);
    expect(await endless).toContain('0:x\n');
    await expect(fetch(hello)).rejects.toThrow('fetch failed');
    agent.destroy();
  });

  it('finishes what was accepted, and gives up when its time is over', async () => {
    await open();
    const slow = fetch(url('/slow?ms=250'));
    while (!seen.includes('begun')) await delay(5);
    await expect(server.drain(AbortSignal.timeout(100))).rejects.toThrow();
    expect(await (await slow).text()).toBe('done');
    await server.drain(AbortSignal.timeout(1_000));
  });
});

describe('a large body that is refused', () => {
  it('still gets its answer to the sender', async () => {
    await open();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/echo/x' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.once('error', reject);
      sent.end(Buffer.alloc(4_000_000));
    });
    expect(status).toBe(413);
  });
});
