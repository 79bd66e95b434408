import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, trace } from '@opentelemetry/api';
import { silentLogger } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inSpan } from './in-span.ts';
import { createLogger } from './logger.ts';
import { activeTraceparent, formatTraceparent, parseTraceparent } from './traceparent.ts';
import { createTracing } from './tracing.ts';

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number; readonly message?: string };
}
interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

let receiver: Server;
let received: { path: string | undefined; body: OtlpRequest }[];
beforeEach(async () => {
  received = [];
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.once('end', () => {
      received.push({ path: request.url, body: JSON.parse(text) as OtlpRequest });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(() => {
  receiver.close();
  receiver.closeAllConnections();
});

const tracing = (sampleRatio = 1) =>
  createTracing({
    endpoint: new URL(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}`),
    service: 'registry',
    version: '1.2.3',
    sampleRatio,
    log: silentLogger,
  });
const spans = () =>
  received.flatMap(({ body }) =>
    body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((each) => each.spans)),
  );
const signal = new AbortController().signal;

describe('tracing', () => {
  it('sends one trace with its parent links, in the log lines too, flushed when it stops', async () => {
    const lines: string[] = [];
    const log = createLogger({
      level: 'info',
      service: 's',
      version: 'v',
      pretty: false,
      out: { write: (line) => lines.push(line) },
    });
    const component = tracing();
    await component.start(signal);
    const remote = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    let inner: string | undefined;
    const failing = inSpan('outer', { kind: 'server', traceparent: remote }, async () => {
      log.info({}, 'within');
      await inSpan('inner', { attributes: { rows: 3 } }, async () => {
        await Promise.resolve();
        inner = activeTraceparent();
      });
      throw new Error('planned');
    });
    await expect(failing).rejects.toThrow('planned');
    expect(spans()).toEqual([]);
    await component.stop();
    await component.stop();

    expect(received[0]?.path).toBe('/v1/traces');
    const outerSpan = spans().find(({ name }) => name === 'outer');
    const innerSpan = spans().find(({ name }) => name === 'inner');
    expect(spans()).toHaveLength(2);
    expect(outerSpan).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
    expect(outerSpan?.status).toEqual({ code: 2, message: 'planned' });
    expect(innerSpan).toMatchObject({ traceId: outerSpan?.traceId, parentSpanId: outerSpan?.spanId });
    expect(inner).toBe(`00-${innerSpan?.traceId}-${innerSpan?.spanId}-01`);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: outerSpan?.traceId, span_id: outerSpan?.spanId });
    expect(received[0]?.body.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'registry' },
    });
  });

  it("follows the caller's decision, and else the ratio", async () => {
    const component = tracing(0);
    await component.start(signal);
    await inSpan('dropped', {}, async () => undefined);
    await inSpan(
      'kept',
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      async () => undefined,
    );
    await component.stop();
    expect(spans().map(({ name }) => name)).toEqual(['kept']);
  });

  it('hands the trace on by the propagation of OpenTelemetry', async () => {
    const component = tracing();
    await component.start(signal);
    const carrier: Record<string, string> = {};
    await inSpan('caller', {}, async () => propagation.inject(context.active(), carrier));
    const parent = trace.getSpanContext(propagation.extract(context.active(), carrier));
    await component.stop();
    expect(parent?.spanId).toBe(spans()[0]?.spanId);
  });

  it('does not fail a clean exit when the receiver is gone', async () => {
    const component = tracing();
    await component.start(signal);
    await inSpan('lost', {}, async () => undefined);
    receiver.close();
    receiver.closeAllConnections();
    await expect(component.stop()).resolves.toBeUndefined();
  }, 20_000);

  it('is off without a start: no ids, nothing sent', async () => {
    expect(await inSpan('nothing', {}, async () => activeTraceparent())).toBeUndefined();
  });
});

describe('traceparent', () => {
  it('for all span contexts: parsing undoes formatting', () => {
    const hex = (length: number) =>
      fc
        .uint8Array({ minLength: length, maxLength: length })
        .filter((bytes) => bytes.some((byte) => byte > 0))
        .map((bytes) => Buffer.from(bytes).toString('hex'));
    fc.assert(
      fc.property(hex(16), hex(8), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
        const parsed = parseTraceparent(formatTraceparent({ traceId, spanId, traceFlags }));
        expect(parsed).toEqual({ traceId, spanId, traceFlags, isRemote: true });
      }),
    );
  });

  it.each([
    '',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra',
  ])('refuses %j', (text) => expect(parseTraceparent(text)).toBeUndefined());
});
