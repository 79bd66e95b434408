import { gzipSync } from 'node:zlib';
import { sized } from '@slipway/testing';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wrongTexts, wrongWireTypes } from './bad-input/field-bytes.ts';
import { malformedTails, unknownFields, varint } from './bad-input/malformed-bytes.ts';
import { brokenRequests, goodMessage } from './bad-input/rule-breakers.ts';
import {
  encode,
  INFERENCE,
  REGISTRY,
  SlipwayUnderTest,
  type Answer,
  type ServedMethod,
} from './bad-input/slipway-under-test.ts';
import { frame, type WireCall } from './bad-input/wire-client.ts';

const MEBI = 1024 * 1024;
/** The limit of one message; see GRPC_SERVER_LIMITS. */
const MESSAGE_BYTES_MAX = 64 * MEBI;
const CASES_MIN = 80;
/** A million entries are in one map of each type of value; this many in the others. */
const ENTRIES_OF_OTHER_MAPS = sized({ small: 100_000, full: 1_000_000 });
/** Hostile calls at a time, of those that are small. */
const CALLERS = 8;
/** What the process may grow by over thousands of small refused calls. */
const GROWTH_BYTES_MAX = 400 * MEBI;
/** The same with messages of a million map entries among them: V8 keeps the garbage of the last ones for a while. */
const GROWTH_BYTES_AFTER_LARGE_MAX = 1_536 * MEBI;

let slipway: SlipwayUnderTest;
let residentBefore = 0;
let residentAfterSmall = 0;
const casesByMethod = new Map<string, number>();

beforeAll(async () => {
  slipway = await SlipwayUnderTest.start();
  residentBefore = slipway.process.residentBytes() ?? 0;
});
afterAll(async () => {
  await slipway.stop();
});

/** Runs one hostile call, then a right one on the same connection. @returns what was wrong with the answer, or undefined. */
async function problemOf(
  method: ServedMethod,
  call: WireCall,
  judge: (answer: Answer) => string | undefined,
): Promise<string | undefined> {
  casesByMethod.set(method.path, (casesByMethod.get(method.path) ?? 0) + 1);
  const answer = await slipway.answer(method.path, { token: slipway.token('root'), ...call });
  const leak = slipway.leakIn(answer.wire);
  const problem = leak === undefined ? judge(answer) : `leaks ${leak}`;
  if (!slipway.isConnected(method.path)) return 'the connection is gone';
  await slipway.assertAlive(method.listener);
  return problem && `${problem}; got ${answer.code} [${answer.fields.join()}] ${answer.message.slice(0, 160)}`;
}

/** INVALID_ARGUMENT that blames exactly this field, with ErrorInfo and a request id. */
const blames =
  (field: string) =>
  (answer: Answer): string | undefined => {
    if (answer.code !== 'INVALID_ARGUMENT') return 'is not INVALID_ARGUMENT';
    if (answer.fields.length !== 1 || answer.fields[0] !== field) return `does not blame ${field} alone`;
    if (answer.domain !== 'slipway' || !answer.reason) return 'has no ErrorInfo';
    return answer.requestId ? undefined : 'has no request id';
  };

/** Names of a failed case first, so that a report says which. Several callers make the calls, each its next one when the last is answered. */
async function problemsOf(
  cases: readonly { readonly name: string; readonly run: () => Promise<string | undefined> }[],
  callers = CALLERS,
): Promise<string[]> {
  const problems: string[] = [];
  const waiting = cases.values();
  const call = async (): Promise<void> => {
    for (const { name, run } of waiting) {
      const problem = await run();
      if (problem !== undefined) problems.push(`${name}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return problems;
}

const goodBytes = (method: ServedMethod): Buffer => encode(method.request, goodMessage(method.request));
const framed = (...parts: readonly Uint8Array[]): WireCall => ({ body: [frame(Buffer.concat(parts))] });

describe('bad input, generated from the descriptors', () => {
  it('serves the services that are looked at', () => {
    const services = new Set(slipway.methods.map(({ service }) => service));
    const names = [
      'registry.v1.RegistryService',
      'registry.v1.WebhookService',
      'tracking.v1.TrackingService',
      'features.v1.FeatureStoreService',
      'routing.v1.RoutingService',
      'monitoring.v1.MonitorService',
      'batch.v1.BatchService',
      'batch.v1.PipelineService',
      'serving.v1.PredictionService',
      'serving.v1.StreamService',
      'common.v1.OperationService',
      'audit.v1.AuditService',
    ];
    expect(services).toEqual(new Set(['inference.GRPCInferenceService', ...names.map((name) => `slipway.${name}`)]));
    expect(slipway.methods.length).toBeGreaterThanOrEqual(123);
  });

  it('names the field of every broken rule', { timeout: 120_000 }, async () => {
    for (const method of slipway.methods) {
      const cases = brokenRequests(method.request).map(({ name, request, field }) => ({
        name: `${method.path} ${name}`,
        run: () => problemOf(method, framed(encode(method.request, request)), blames(field)),
      }));
      expect(await problemsOf(cases)).toEqual([]);
    }
  });

  it('refuses bytes that are no message', { timeout: 120_000 }, async () => {
    const tails = malformedTails();
    for (const method of slipway.methods) {
      const cases = tails.map(({ name, tail }) => ({
        name: `${method.path} ${name}`,
        run: () => problemOf(method, framed(goodBytes(method), tail), blames('request')),
      }));
      expect(await problemsOf(cases)).toEqual([]);
    }
  });

  it('passes over fields that it does not know', async () => {
    for (const method of slipway.methods) {
      if (/^(?:CreateRegisteredModel|CreateExperiment|CreateStream|StartPipelineRun|Delete)/.test(method.method.name))
        continue; // their repeat differs
      const plain = await slipway.answer(method.path, { ...framed(goodBytes(method)), token: slipway.token('root') });
      const sameAsPlain = (answer: Answer): string | undefined =>
        answer.code === plain.code ? undefined : `is not ${plain.code}`;
      expect(await problemOf(method, framed(goodBytes(method), unknownFields()), sameAsPlain)).toBeUndefined();
    }
  });

  // protobufjs reads a field by its declared type whatever wire type came, so that some of these are read as another value of that field
  it('survives every field with every wrong wire type', { timeout: 60_000 }, async () => {
    const isOrderly = ({ code, reason }: Answer): string | undefined =>
      code === 'OK' || reason !== undefined ? undefined : 'is neither an answer nor a refusal of ours';
    for (const method of slipway.methods) {
      const cases = wrongWireTypes(method.request).map(({ name, bytes }) => ({
        name: `${method.path} ${name}`,
        run: () => problemOf(method, framed(goodBytes(method), bytes), isOrderly),
      }));
      expect(await problemsOf(cases)).toEqual([]);
    }
  });

  it('refuses texts that are not UTF-8', { timeout: 60_000 }, async () => {
    for (const method of slipway.methods) {
      const cases = wrongTexts(method.request).map(({ name, bytes, field }) => ({
        name: `${method.path} ${name}`,
        run: () => problemOf(method, framed(goodBytes(method), bytes), blames(field)),
      }));
      expect(await problemsOf(cases)).toEqual([]);
    }
  });

  it('is of bounded size after all of that', () => {
    residentAfterSmall = slipway.process.residentBytes() ?? 0;
    expect(residentAfterSmall - residentBefore).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it('counts a million map entries and refuses them', { timeout: 240_000 }, async () => {
    const maps = slipway.methods.flatMap((method) =>
      method.request.fieldsArray.filter((field) => field.map).map((field) => ({ method, field })),
    );
    const cases = maps.map(({ method, field }) => {
      const isFirst = maps.find((map) => map.field.type === field.type)?.field === field;
      const entries = isFirst ? 1_000_000 : ENTRIES_OF_OTHER_MAPS;
      return {
        name: `${method.path} ${field.name}: ${entries} entries`,
        run: () => problemOf(method, framed(goodBytes(method), numberedEntries(field, entries)), blames(field.name)),
      };
    });
    expect(cases.length).toBeGreaterThanOrEqual(5);
    expect(await problemsOf(cases, 1)).toEqual([]);
  });

  it('had enough cases for every method, and stays of bounded size', () => {
    const counts = slipway.methods.map(({ path }) => [path, casesByMethod.get(path) ?? 0] as const);
    const resident = slipway.process.residentBytes() ?? 0;
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    console.info(
      [
        `bad input: ${total} generated cases over ${counts.length} methods, each followed by a right call`,
        ...counts.map(([path, count]) => `  ${String(count).padStart(4)}  ${path}`),
        `resident memory: ${Math.round(residentBefore / MEBI)} MiB before, ${Math.round(residentAfterSmall / MEBI)} MiB after the small messages, ${Math.round(resident / MEBI)} MiB after the large ones`,
      ].join('\n'),
    );
    expect(counts.filter(([, count]) => count < CASES_MIN)).toEqual([]);
    expect(resident - residentBefore).toBeLessThan(GROWTH_BYTES_AFTER_LARGE_MAX);
  });
});

/** Entries of numbered keys, each with an empty value. */
function numberedEntries(field: protobuf.Field, count: number): Buffer {
  const tag = varint(BigInt(field.id * 8 + 2));
  const value = field.resolvedType instanceof protobuf.Type ? [18, 0] : [];
  const entry = Buffer.from([...tag, 10 + value.length, 10, 8, ...Buffer.from('00000000'), ...value]);
  const all = Buffer.alloc(entry.length * count, entry);
  for (let index = 0; index < count; index += 1)
    all.write(index.toString(16).padStart(8, '0'), (index + 1) * entry.length - 8 - value.length, 'latin1');
  return all;
}

describe('bad input, below the messages', () => {
  const paths = [
    `${REGISTRY}GetRegisteredModel`,
    `${REGISTRY}CreateModelVersion`,
    `${REGISTRY}DownloadModelVersion`,
    `${INFERENCE}ModelInfer`,
  ];
  const is =
    (...codes: string[]) =>
    ({ code }: Answer): string | undefined =>
      codes.includes(code) ? undefined : `is not ${codes.join(' or ')}`;
  const announced = (bytes: number): Buffer => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes, 1);
    return head;
  };
  const gzip = { 'grpc-encoding': 'gzip' };

  it.each(paths)('%s: sizes, compression, frames and headers', { timeout: 60_000 }, async (path) => {
    const method = slipway.method(path);
    const good = goodBytes(method);
    const streams = method.method.requestStream === true;
    const calls: [string, WireCall, (answer: Answer) => string | undefined][] = [
      [
        'one byte above the limit announced',
        { body: [announced(MESSAGE_BYTES_MAX + 1), Buffer.alloc(1024)] },
        is('RESOURCE_EXHAUSTED'),
      ],
      ['4 GiB announced', { body: [announced(2 ** 32 - 1), Buffer.alloc(1024)] }, is('RESOURCE_EXHAUSTED')],
      ['one byte above the limit sent', framed(Buffer.alloc(MESSAGE_BYTES_MAX + 1)), is('RESOURCE_EXHAUSTED')],
      // INTERNAL is what the gRPC specification wants here
      ['gzip that is none', { body: [frame(Buffer.from('not gzip at all'), true)], headers: gzip }, is('INTERNAL')],
      [
        'gzip that is cut',
        { body: [frame(gzipSync(Buffer.alloc(100)).subarray(0, 12), true)], headers: gzip },
        is('INTERNAL'),
      ],
      [
        'gzip of 512 MiB of zeros',
        { body: [frame(gzipSync(Buffer.alloc(512 * MEBI)), true)], headers: gzip },
        is('RESOURCE_EXHAUSTED'),
      ],
      [
        'a compression nobody offered',
        { body: [frame(good, true)], headers: { 'grpc-encoding': 'br' } },
        is('UNIMPLEMENTED'),
      ],
      ['a cut frame', { body: [frame(good).subarray(0, -1)] }, streams ? is('INVALID_ARGUMENT') : is('UNIMPLEMENTED')],
      [
        'a cut frame header',
        { body: [frame(good).subarray(0, 3)] },
        streams ? is('INVALID_ARGUMENT') : is('UNIMPLEMENTED'),
      ],
      ['no message', { body: [] }, streams ? is('INVALID_ARGUMENT') : is('UNIMPLEMENTED')],
      ['two messages', { body: [frame(good), frame(good)] }, streams ? is('INVALID_ARGUMENT') : is('UNIMPLEMENTED')],
      ['a timeout that is none', { ...framed(good), headers: { 'grpc-timeout': 'soon' } }, is('INTERNAL')],
      [
        'a workspace that is none',
        { ...framed(good), headers: { 'slipway-workspace': '../x' } },
        blames('slipway-workspace'),
      ],
      ['a media type of others', { ...framed(good), headers: { 'content-type': 'application/json' } }, is('code -1')],
      [
        '20 kB of metadata',
        { ...framed(good), headers: { 'x-long': 'x'.repeat(20_000) } },
        is('RESOURCE_EXHAUSTED', 'code -1'),
      ],
    ];
    const cases = calls.map(([name, call, judge]) => ({ name, run: () => problemOf(method, call, judge) }));
    expect(await problemsOf(cases, 1)).toEqual([]);
  });

  it('does not know methods that are none', async () => {
    const names = ['Nope', '__proto__', 'constructor', 'toString', '..', ''].map((name) => REGISTRY + name);
    for (const path of [...names, '/nope.Service/X', '/', '/../../etc/passwd']) {
      const answer = await slipway.raw(path, { ...framed(), token: slipway.token('root') });
      expect([path, answer.code]).toEqual([path, 12]);
    }
    await slipway.assertAlive('grpc');
  });

  it('ignores metadata that is not its own', async () => {
    const headers = {
      'x-bin': '%%%',
      traceparent: '00-zz',
      'x-request-id': 'a b',
      'grpc-timeout': '99999999H',
      cookie: 'authorization=x',
    };
    const { code } = await slipway.answer(`${REGISTRY}GetRegisteredModel`, {
      ...framed(encode(slipway.method(`${REGISTRY}GetRegisteredModel`).request, { name: 'flights' })),
      token: slipway.token('root'),
      headers,
    });
    expect(code).toBe('OK');
  });

  it('takes the id of a request from its caller', async () => {
    const answer = await slipway.call(`${REGISTRY}GetRegisteredModel`, { name: '' }, 'root', {
      'x-request-id': 'mine-1',
    });
    expect(answer.requestId).toBe('mine-1');
  });
});
