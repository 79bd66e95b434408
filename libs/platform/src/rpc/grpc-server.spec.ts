import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeCheck, messageType } from '@slipway/contracts';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';
import { implementService } from './handler.ts';
import { FRAME_BYTES_MAX, SESSION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from './http2-tuning.ts';

const GET = '/slipway.common.v1.OperationService/GetOperation';
const WATCH_HEALTH = '/grpc.health.v1.Health/Watch';
const CHECK_HEALTH = '/grpc.health.v1.Health/Check';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

let handled = 0;
const implementation = implementService(operationService, {
  getOperation: ({ id }) => {
    handled += 1;
    return Promise.resolve({ operation: { id } });
  },
  listOperations: () => Promise.resolve({}),
  cancelOperation: () => Promise.resolve({}),
  watchOperation: async function* () {
    yield await Promise.resolve({});
  },
});

function frame(body: Uint8Array, flag = 0, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const encode = (type: string, content: object): Uint8Array =>
  messageType(type).encode(messageType(type).fromObject(content)).finish();
const request = encode('slipway.common.v1.GetOperationRequest', { id: 'op-1' });

interface Reply {
  status?: string;
  message?: string;
  http?: number;
  rst?: number;
  bytes: Buffer;
}

interface Raw {
  path?: string;
  headers?: Record<string, string>;
  chunks?: readonly Uint8Array[];
  /** Leave the request open. */
  open?: boolean;
  /** Reset the stream after the chunks. */
  reset?: boolean;
}

function send(
  session: ClientHttp2Session,
  { path = GET, headers = {}, chunks = [], open, reset }: Raw,
): Promise<Reply> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const reply: Reply = { bytes: Buffer.alloc(0) };
    const note = (received: IncomingHttpHeaders): void => {
      if (received[':status'] !== undefined) reply.http = Number(received[':status']);
      if (received['grpc-status'] !== undefined) reply.status = String(received['grpc-status']);
      if (received['grpc-message'] !== undefined) reply.message = decodeURI(String(received['grpc-message']));
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => (reply.bytes = Buffer.concat([reply.bytes, chunk])));
    stream.on('error', () => undefined); // seen as the code of the reset
    stream.on('close', () => resolve({ ...reply, rst: stream.rstCode }));
    for (const chunk of chunks) stream.write(chunk);
    if (reset) setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), 20);
    else if (!open) stream.end();
  });
}

function messages(bytes: Buffer, type: string): Record<string, unknown>[] {
  const all: Record<string, unknown>[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const length = bytes.readUInt32BE(offset + 1);
    const body = bytes.subarray(offset + 5, offset + 5 + length);
    all.push(
      messageType(type).toObject(messageType(type).decode(body), { enums: String, longs: String, defaults: true }),
    );
    offset += 5 + length;
  }
  return all;
}

describe('createGrpcServer', () => {
  let server: GrpcServer;
  let session: ClientHttp2Session;
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(error);

  beforeEach(async () => {
    uncaught.length = 0;
    process.on('uncaughtException', onUncaught);
    process.on('unhandledRejection', onUncaught);
    server = createGrpcServer({
      services: [implementation],
      host: '127.0.0.1',
      port: 0,
      reflection: true,
      limits: { stallMs: 200, messageBytesMax: 4 * 1024 * 1024 },
      dependencies: {
        clock: systemClock,
        ids: createIdSource(systemClock, seededRandom(1)),
        log: silentLogger,
        metrics: { started: () => undefined, finished: () => undefined },
        resolveCaller: () =>
          Promise.resolve({ principal: 'a', workspace: 'default', allWorkspaces: false, permissions: new Set(['*']) }),
      },
    });
    await server.start(new AbortController().signal);
    session = connect(`http://127.0.0.1:${server.port}`);
    session.on('error', () => undefined); // what it ends with is asserted by the next call
  });
  afterEach(async () => {
    session.destroy();
    await server.stop();
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
    expect(uncaught).toEqual([]);
  });

  /** Also over the same connection unless that was ended by the attack. */
  async function nextCallIsFine(): Promise<void> {
    const other = session.destroyed || session.closed ? connect(`http://127.0.0.1:${server.port}`) : session;
    const reply = await send(other, { chunks: [frame(request)] });
    expect(reply.status).toBe('0');
    expect(messages(reply.bytes, 'slipway.common.v1.GetOperationResponse')[0]).toMatchObject({
      operation: { id: 'op-1' },
    });
    if (other !== session) other.destroy();
  }

  const gzip = { 'grpc-encoding': 'gzip' };
  const truncated = gzipSync(Buffer.alloc(1000, 7)).subarray(0, 12);
  const attacks: [string, Raw, Partial<Reply>][] = [
    ['gzip garbage', { headers: gzip, chunks: [frame(Buffer.from('garbage!'), 1)] }, { status: '13' }],
    ['truncated gzip', { headers: gzip, chunks: [frame(truncated, 1)] }, { status: '13' }],
    [
      'deflate garbage',
      { headers: { 'grpc-encoding': 'deflate' }, chunks: [frame(Buffer.from('garbage!'), 1)] },
      { status: '13' },
    ],
    ['gzip bomb', { headers: gzip, chunks: [frame(gzipSync(Buffer.alloc(64 * 1024 * 1024)), 1)] }, { status: '8' }],
    ['unknown encoding', { headers: { 'grpc-encoding': 'br' }, chunks: [frame(request, 1)] }, { status: '12' }],
    [
      'content type of something else',
      { headers: { 'content-type': 'text/html' }, chunks: [frame(request)] },
      { http: 415 },
    ],
    ['no message', {}, { status: '12' }],
    ['empty message', { chunks: [frame(Buffer.alloc(0))] }, { status: '3' }],
    ['two messages in a unary call', { chunks: [frame(request), frame(request)] }, { status: '12' }],
    ['length of 4 GiB', { chunks: [frame(request, 0, 0xffffffff)] }, { status: '8' }],
    ['message of another type', { chunks: [frame(Buffer.from([0x08, 0x01]))] }, { status: '3' }],
    ['truncated varint', { chunks: [frame(Buffer.from([0x0a, 0xff]))] }, { status: '3' }],
    ['11-byte varint', { chunks: [frame(Buffer.alloc(12, 0xff))] }, { status: '3' }],
    ['groups nested 10 000 deep', { chunks: [frame(Buffer.alloc(10_000, 0x13))] }, { status: '3' }],
    ['timeout that is none', { headers: { 'grpc-timeout': '-x' }, chunks: [frame(request)] }, { status: '13' }],
    [
      'timeout of 11 000 years',
      { headers: { 'grpc-timeout': '99999999H' }, chunks: [frame(request)] },
      { status: '0' },
    ],
    ['timeout of nothing', { headers: { 'grpc-timeout': '0m' }, chunks: [], open: true }, { status: '4' }],
    ['method that is not there', { path: '/x.Y/Z', chunks: [frame(request)] }, { status: '12' }],
    ['upper-case alias of a method', { path: GET.toUpperCase(), chunks: [frame(request)] }, { status: '12' }],
    ['double slash', { path: `/${GET}`, chunks: [frame(request)] }, { status: '12' }],
    ['half a message that stalls', { chunks: [frame(request).subarray(0, 7)], open: true }, { status: '4' }],
    ['nothing after the headers', { open: true }, { status: '4' }],
    [
      'a stream of requests that stalls',
      { path: REFLECT, chunks: [frame(request).subarray(0, 4)], open: true },
      { status: '8' },
    ],
    [
      'half a message, then reset',
      { chunks: [frame(request).subarray(0, 7)], reset: true },
      { rst: constants.NGHTTP2_CANCEL },
    ],
  ];
  it.each(attacks)('survives %s', async (_name, raw, expected) => {
    const reply = await send(session, raw);
    expect(reply).toMatchObject(expected);
    expect(reply.message ?? '').not.toMatch(/node_modules|index out of range|at .*:\d/);
    await nextCallIsFine();
  });

  it('ends half a message at its end without an answer of its own', async () => {
    handled = 0;
    const reply = await send(session, { chunks: [frame(request).subarray(0, 7)] });
    expect(reply.status).not.toBe('0');
    expect(handled).toBe(0);
    await nextCallIsFine();
  });

  it('refuses huge metadata', async () => {
    const headers = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'v'.repeat(1_000)]));
    const reply = await send(session, { headers, chunks: [frame(request)] });
    expect(reply.status).toBe('8');
    await nextCallIsFine();
  });

  it('survives a thousand streams reset at once', async () => {
    const flood = connect(`http://127.0.0.1:${server.port}`);
    flood.on('error', () => undefined); // the server may end this session
    for (let count = 0; count < 1_000 && !flood.destroyed; count += 1) {
      const stream = flood.request({ ':method': 'POST', ':path': GET, 'content-type': 'application/grpc' });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await nextCallIsFine();
    flood.destroy();
  });

  it('opens windows for megabyte messages and takes one', async () => {
    await send(session, { chunks: [frame(request)] });
    expect(session.remoteSettings).toMatchObject({
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxFrameSize: FRAME_BYTES_MAX,
      maxConcurrentStreams: 1_000,
    });
    await vi.waitFor(() => expect(session.state.remoteWindowSize).toBeGreaterThan(SESSION_WINDOW_BYTES - 65_536));
    const unknownField = Buffer.concat([Buffer.from([0x7a, 0x80, 0x80, 0x40]), Buffer.alloc(1024 * 1024)]); // 15, bytes
    const reply = await send(session, { chunks: [frame(Buffer.concat([request, unknownField]))] });
    expect(reply.status).toBe('0');
  });

  it('tells health per service, and watchers that it drains', async () => {
    const check = async (service: string): Promise<unknown> => {
      const reply = await send(session, {
        path: CHECK_HEALTH,
        chunks: [frame(encode('grpc.health.v1.HealthCheckRequest', { service }))],
      });
      return reply.status === '0'
        ? messages(reply.bytes, 'grpc.health.v1.HealthCheckResponse')[0]?.['status']
        : reply.status;
    };
    expect([await check(''), await check(operationService.typeName), await check('x')]).toEqual([
      'SERVING',
      'SERVING',
      '5',
    ]);
    server.setServing(operationService.typeName, false);
    expect([await check(''), await check(operationService.typeName)]).toEqual(['NOT_SERVING', 'NOT_SERVING']);
    server.setServing(operationService.typeName, true);
    const watching = send(session, { path: WATCH_HEALTH, chunks: [frame(new Uint8Array(0))] });
    await check('');
    await server.drain(AbortSignal.timeout(5_000));
    const { bytes, status } = await watching;
    expect(messages(bytes, 'grpc.health.v1.HealthCheckResponse').map((each) => each['status'])).toEqual([
      'SERVING',
      'NOT_SERVING',
    ]);
    expect(status).toBe('14');
    expect(() => server.setServing('x', true)).toThrow(/x/);
  });

  it.each(['v1', 'v1alpha'])('describes itself by reflection %s under the original file names', async (version) => {
    const type = `grpc.reflection.${version}.ServerReflection`;
    const ask = async (question: object): Promise<Record<string, unknown>> => {
      const chunks = [frame(encode(`${type}Request`, question))];
      const { bytes } = await send(session, { path: `/${type}/ServerReflectionInfo`, chunks });
      return messages(bytes, `${type}Response`)[0] ?? {};
    };
    const descriptor = messageType('google.protobuf.FileDescriptorProto');
    const names = (answer: { file_descriptor_response?: { file_descriptor_proto: Uint8Array[] } }): string[] =>
      (answer.file_descriptor_response?.file_descriptor_proto ?? []).map((bytes) =>
        String(descriptor.decode(bytes).toJSON()['name']),
      );
    const { list_services_response } = await ask({ list_services: '' });
    expect((list_services_response as { service: { name: string }[] }).service.map(({ name }) => name)).toEqual([
      operationService.typeName,
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    const file = 'slipway/common/v1/operation.proto';
    const imports = [
      'google/protobuf/timestamp.proto',
      'slipway/common/v1/options.proto',
      'google/protobuf/descriptor.proto',
    ];
    expect(names(await ask({ file_by_filename: file }))).toEqual([file, ...imports]);
    for (const symbol of [
      'OperationService',
      'OperationService.GetOperation',
      'Operation',
      'Operation.kind',
      'OPERATION_STATE_FAILED',
    ]) {
      expect(names(await ask({ file_containing_symbol: `slipway.common.v1.${symbol}` }))[0]).toBe(file);
    }
    const extension = { containing_type: 'google.protobuf.FieldOptions', extension_number: 50301 };
    expect(names(await ask({ file_containing_extension: extension }))[0]).toBe('slipway/common/v1/options.proto');
    expect(await ask({ all_extension_numbers_of_type: 'google.protobuf.MethodOptions' })).toMatchObject({
      all_extension_numbers_response: { extension_number: [50300] },
    });
    for (const question of [{ file_by_filename: 'x.proto' }, { file_containing_symbol: 'x.Y' }]) {
      expect(await ask(question)).toMatchObject({ error_response: { error_code: 5 } });
    }
  });

  it('answers reflection in a form that passes its own check', () => {
    expect(() => encodeCheck('grpc.reflection.v1.ServerReflectionResponse')({ valid_host: '' })).not.toThrow();
  });
});
