import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { beforeEach, describe, expect, it } from 'vitest';
import { health, type Health } from '@slipway/contracts/grpc.health.v1';
import type { ServiceDescriptor } from '@slipway/contracts';
import { createIdSource, NotFoundError, seededRandom, silentLogger, systemClock, type Logger } from '@slipway/kernel';
import { RpcFailure } from './errors.ts';
import { implementService, type CallContext } from './handler.ts';
import { createInvoker, type InvokerDependencies } from './invoker.ts';
import { UndecodableMessage } from './wire-codec.ts';

const seen: CallContext[] = [];
let resolved: object[] = [];
const lines: { level: string; fields: Readonly<Record<string, unknown>> }[] = [];
const finished: unknown[][] = [];
const note =
  (level: string) =>
  (fields: Readonly<Record<string, unknown>>): void =>
    void lines.push({ level, fields });
const log: Logger = { ...silentLogger, debug: note('debug'), warn: note('warn') };

const dependencies: InvokerDependencies = {
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(1)),
  log,
  metrics: { started: () => undefined, finished: (...all) => void finished.push(all) },
  resolveCaller: (headers) => {
    resolved.push(headers);
    return Promise.resolve({
      principal: 'ann',
      workspace: 'default',
      allWorkspaces: false,
      permissions: new Set(['a.*']),
    });
  },
};

function methodWith(permission: string, extra: Partial<InvokerDependencies> = {}) {
  const descriptor: ServiceDescriptor<Pick<Health, 'check'>> = {
    typeName: health.typeName,
    methods: { check: { ...health.methods.check, permission } },
  };
  const implementation = implementService(descriptor, {
    check: ({ service }, context) => {
      seen.push(context);
      if (service === 'bug') return Promise.reject(new TypeError('secret'));
      if (service === 'none') return Promise.reject(new NotFoundError('none'));
      return Promise.resolve({ status: 'SERVING' });
    },
  });
  const [method] = createInvoker(implementation, { ...dependencies, ...extra }).methods.values();
  if (!method) throw new Error('no method');
  return async (request: object, headers: Record<string, string> = {}): Promise<string> => {
    try {
      await method.answer(method.begin({ header: (name) => headers[name] }), request);
      return 'OK';
    } catch (error) {
      if (error instanceof RpcFailure) return error.status;
      throw error;
    }
  };
}

describe('createInvoker', () => {
  beforeEach(() => {
    for (const list of [seen, lines, finished]) list.length = 0;
    resolved = [];
  });

  it('asks for nobody on public methods, for anybody on authenticated ones, else for the permission', async () => {
    expect(await methodWith('public')({ service: '' })).toBe('OK');
    expect([resolved.length, seen[0]?.caller.principal]).toEqual([0, 'anonymous']);
    expect(await methodWith('authenticated')({ service: '' }, { authorization: 'x', 'slipway-workspace': 'w' })).toBe(
      'OK',
    );
    expect(resolved).toEqual([{ authorization: 'x', workspace: 'w' }]);
    expect(await methodWith('a.read')({ service: '' })).toBe('OK');
    expect(await methodWith('b.read')({ service: '' })).toBe('PERMISSION_DENIED');
    expect(seen).toHaveLength(3);
  });

  it('looks at nothing of a request before it knows the caller', async () => {
    expect(await methodWith('b.read')(new UndecodableMessage(new Error('x')))).toBe('PERMISSION_DENIED');
    expect(await methodWith('a.read')(new UndecodableMessage(new Error('x')))).toBe('INVALID_ARGUMENT');
  });

  it('keeps a well-formed request id and replaces any other by one that is unique', async () => {
    const call = methodWith('public');
    for (const id of ['good-1', 'has space', 'x'.repeat(129), '']) await call({ service: '' }, { 'x-request-id': id });
    const ids = seen.map(({ requestId }) => requestId);
    expect(ids[0]).toBe('good-1');
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  it('writes one line per call and warns of server faults, with the cause', async () => {
    const call = methodWith('public');
    expect([await call({ service: '' }), await call({ service: 'none' }), await call({ service: 'bug' })]).toEqual([
      'OK',
      'NOT_FOUND',
      'INTERNAL',
    ]);
    expect(lines.map(({ level, fields }) => [level, fields['status']])).toEqual([
      ['debug', 'OK'],
      ['debug', 'NOT_FOUND'],
      ['warn', 'INTERNAL'],
    ]);
    expect(String(lines[2]?.fields['err'])).toContain('secret');
    expect(finished.map(([method, code]) => [method, code])).toEqual([
      [health.methods.check.path, 'OK'],
      [health.methods.check.path, 'NOT_FOUND'],
      [health.methods.check.path, 'INTERNAL'],
    ]);
  });

  it('makes one span by the stable conventions, child of the caller, when there is a tracer', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const call = methodWith('public', { tracer: provider.getTracer('test') });
    const parent = '0af7651916cd43dd8448eb211c80319c';
    await call({ service: 'bug' }, { traceparent: `00-${parent}-b7ad6b7169203331-01` });
    const [span] = exporter.getFinishedSpans();
    expect(span?.name).toBe('grpc.health.v1.Health/Check');
    expect(span?.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': 'grpc.health.v1.Health/Check',
      'rpc.response.status_code': 'INTERNAL',
      'error.type': 'INTERNAL',
    });
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.spanContext().traceId).toBe(parent);
    expect(seen[0]?.traceparent).toBe(`00-${parent}-${span?.spanContext().spanId}-01`);
    const none: Span | undefined = trace.getActiveSpan();
    expect(none).toBeUndefined();
  });

  it('hands a valid traceparent on without a tracer, and no other', async () => {
    const call = methodWith('public');
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await call({ service: '' }, { traceparent: valid });
    await call({ service: '' }, { traceparent: 'nonsense' });
    expect(seen.map(({ traceparent }) => traceparent)).toEqual([valid, undefined]);
  });

  it('refuses trailers that would break the answer', async () => {
    await methodWith('public')({ service: '' });
    for (const [name, value] of [
      ['grpc-status', '0'],
      ['X', 'a'],
      ['a-bin', 'a'],
      ['a', 'é'],
      ['a', 'b\r\nc: d'],
    ] as const) {
      expect(() => seen[0]?.setTrailer(name, value)).toThrow(RangeError);
    }
  });
});
