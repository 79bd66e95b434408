import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DomainError, ErrorKind } from '@slipway/kernel';
import { RemoteInternalError, type InvokerDependencies, type ServiceImplementation } from '@slipway/platform';
import { createClient, type Client, type ClientTransport } from '../client.ts';
import {
  PROBE_ERRORS,
  probeDependencies,
  probeImplementation,
  probeService,
  ProbeState,
  type ProbeService,
} from './probe-service.ts';

/** A transport connected to one served implementation. */
export interface TransportSetting {
  connect(token: string | undefined): ClientTransport;
  close(): Promise<void>;
}

async function* from<Message>(...messages: Message[]): AsyncGenerator<Message> {
  for (const message of messages) yield await Promise.resolve(message);
}

async function failure(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

async function collect<Message>(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** What every way to reach a service has to do alike. */
export function transportSuite(
  name: string,
  make: (implementation: ServiceImplementation, dependencies: InvokerDependencies) => Promise<TransportSetting>,
): void {
  describe(`client transport contract: ${name}`, () => {
    let state: ProbeState;
    let setting: TransportSetting;
    let transport: ClientTransport;
    let client: Client<ProbeService>;
    const finished: string[] = [];

    beforeEach(async () => {
      state = new ProbeState();
      finished.length = 0;
      const metrics = { started: () => undefined, finished: (_: string, code: string) => void finished.push(code) };
      setting = await make(probeImplementation(state), probeDependencies({ metrics }));
      transport = setting.connect('good');
      client = createClient(probeService, transport);
    });
    afterEach(async () => {
      await transport.close();
      await setting.close();
    });

    it('answers a unary call with all defaults filled and int64 exact', async () => {
      const { model } = await client.getRegisteredModel({ name: 'm' }, { workspace: 'blue' });
      expect(model).toMatchObject({ name: 'm', principal: 'ann', description: 'blue', aliases: [], tags: {} });
      expect(model?.last_version).toBe('1152921504606846976');
      expect(finished).toEqual(['OK']);
    });

    it('hands request id, headers and deadline over, and trailers back', async () => {
      let trailers: ReadonlyMap<string, string> = new Map();
      const before = Date.now();
      await client.getRegisteredModel(
        { name: 'm' },
        { requestId: 'req-1', headers: { 'x-a': 'b' }, timeoutMs: 5_000, onTrailers: (all) => (trailers = all) },
      );
      const [context] = state.contexts;
      expect([context?.requestId, context?.header('x-a')]).toEqual(['req-1', 'b']);
      expect(context?.deadlineMs).toBeGreaterThan(before + 4_000);
      expect(context?.deadlineMs).toBeLessThan(Date.now() + 5_100);
      expect(trailers.get('slipway-probe')).toBe('seen');
    });

    it('isolates messages: what one side changes the other does not see', async () => {
      const request = { name: 'm', tags: { a: '1' } };
      await client.createRegisteredModel(request);
      const seen = state.requests[0] as { tags: Record<string, string> };
      seen.tags['a'] = '2';
      expect(request.tags.a).toBe('1');
      expect(seen).not.toBe(request);
    });

    it.each(Object.keys(PROBE_ERRORS) as ErrorKind[])('throws %s as the handler threw it', async (kind) => {
      const thrown = PROBE_ERRORS[kind];
      const error = await failure(client.createRegisteredModel({ name: `err.${kind}` }));
      expect(error).toBeInstanceOf(thrown.constructor);
      const { message, reason, facts, violations } = error as DomainError;
      expect({ message, reason, facts, violations }).toEqual({
        message: thrown.message,
        reason: thrown.reason,
        facts: thrown.facts,
        violations: thrown.violations,
      });
    });

    it.each(['bug', 'badanswer'])('hides a bug of the handler (%s) and shows the request id', async (model) => {
      const error = await failure(client.getRegisteredModel({ name: model }, { requestId: 'req-9' }));
      expect(error).toBeInstanceOf(RemoteInternalError);
      expect(error.message).toBe('internal error (request req-9)');
      expect(finished).toEqual(['INTERNAL']);
    });

    it('refuses before the handler: bad request, no token, no permission', async () => {
      const bad = (await failure(client.getRegisteredModel({ name: '../x' }))) as DomainError;
      expect(bad.violations.map(({ field }) => field)).toEqual(['name']);
      const unencodable = (await failure(client.getRegisteredModel({ name: 7 as never }))) as DomainError;
      expect([unencodable.kind, unencodable.violations[0]?.field]).toEqual(['invalid-argument', 'name']);
      for (const [token, kind] of [
        [undefined, 'unauthenticated'],
        ['wrong', 'unauthenticated'],
        ['poor', 'denied'],
      ] as const) {
        const other = setting.connect(token);
        const error = await failure(createClient(probeService, other).getRegisteredModel({ name: 'm' }));
        expect((error as DomainError).kind).toBe(kind);
        await other.close();
      }
      expect(state.calls).toBe(0);
    });

    it('aborts the handler when the caller aborts, who gets his own reason', async () => {
      const abort = new AbortController();
      const call = failure(client.createRegisteredModel({ name: 'slow' }, { signal: abort.signal }));
      await vi.waitFor(() => expect(state.calls).toBe(1));
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await call).toBe(reason);
      await vi.waitFor(() => expect(state.aborted).toEqual(['CallCancelledError']));
      await vi.waitFor(() => expect(finished).toEqual(['CANCELLED']));
      expect(await failure(client.getRegisteredModel({ name: 'm' }, { signal: abort.signal }))).toBe(reason);
      expect(state.calls).toBe(1);
    });

    it('aborts the handler at the deadline', async () => {
      const error = (await failure(client.createRegisteredModel({ name: 'slow' }, { timeoutMs: 200 }))) as DomainError;
      expect([error.kind, error.reason]).toEqual(['unavailable', 'DEADLINE_EXCEEDED']);
      await vi.waitFor(() => expect(state.aborted).toEqual(['DeadlineExceededError']));
      await vi.waitFor(() => expect(finished).toEqual(['DEADLINE_EXCEEDED']));
    });

    it('streams requests', async () => {
      const chunks = from({ chunk: Buffer.alloc(1000) }, { chunk: Buffer.alloc(24) });
      expect((await client.createModelVersion(chunks)).version?.version).toBe('1024');
    });

    it('ends the requests when the handler has its answer or its error', async () => {
      let closed = false;
      async function* endless(size: number): AsyncGenerator<{ chunk: Buffer }> {
        try {
          for (;;) yield await Promise.resolve({ chunk: Buffer.alloc(size) });
        } finally {
          closed = true;
        }
      }
      expect((await client.createModelVersion(endless(2))).version?.version).toBe('2');
      await vi.waitFor(() => expect(closed).toBe(true));
      closed = false;
      expect(((await failure(client.createModelVersion(endless(3)))) as DomainError).kind).toBe('exhausted');
      await vi.waitFor(() => expect(closed).toBe(true));
    });

    it('fails a stream of requests at its first wrong message, and with the error of its source', async () => {
      const wrong = from({ chunk: Buffer.alloc(1) }, { header: { model: '' } }, { chunk: Buffer.alloc(1) });
      const error = (await failure(client.createModelVersion(wrong))) as DomainError;
      expect(error.violations.map(({ field }) => field)).toContain('header.model');
      const own = new Error('disk');
      async function* breaking(): AsyncGenerator<{ chunk: Buffer }> {
        yield await Promise.resolve({ chunk: Buffer.alloc(1) });
        throw own;
      }
      expect(await failure(client.createModelVersion(breaking()))).toBe(own);
    });

    it('streams responses in order, and an error after some of them', async () => {
      const chunks = await collect(client.downloadModelVersion({ model: 'm' }));
      expect(chunks.map(({ chunk }) => chunk?.[0])).toEqual([0, 1, 2, 3, 4]);
      const got: unknown[] = [];
      const broken = async (): Promise<void> => {
        for await (const each of client.downloadModelVersion({ model: 'broken' })) got.push(each);
      };
      expect(((await failure(broken())) as DomainError).kind).toBe('data-loss');
      expect(got).toHaveLength(2);
    });

    it('ends the handler when the reader stops, which it does not outrun', async () => {
      for await (const { chunk } of client.downloadModelVersion({ model: 'endless' })) {
        if (chunk?.[0] === 3) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          break;
        }
      }
      await vi.waitFor(() => expect(state.ended).toEqual(['download']));
      expect(state.chunksMade * 65_536).toBeLessThan(16 * 1024 * 1024);
      await vi.waitFor(() => expect(finished).toEqual(['CANCELLED']));
    });

    it('aborts a stream that waits', async () => {
      const abort = new AbortController();
      const reason = new Error('enough');
      const read = async (): Promise<void> => {
        for await (const { chunk } of client.downloadModelVersion({ model: 'slow' }, { signal: abort.signal })) {
          if (chunk?.[0] === 1) abort.abort(reason);
        }
      };
      expect(await failure(read())).toBe(reason);
      await vi.waitFor(() => expect(state.ended).toEqual(['download']));
    });

    it('talks both ways', async () => {
      const answers: string[] = [];
      const asked = ['a'];
      async function* questions(): AsyncGenerator<{ host: string }> {
        for (let index = 0; index < 3; index += 1) {
          await vi.waitFor(() => expect(asked.length).toBeGreaterThan(index), { interval: 1 });
          yield { host: asked[index] ?? '' };
        }
      }
      for await (const { valid_host } of client.serverReflectionInfo(questions())) {
        answers.push(valid_host);
        asked.push(`${valid_host}a`);
      }
      expect(answers).toEqual(['a', 'aa', 'aaa']);
      expect(state.ended).toEqual(['bidi']);
      expect(finished).toEqual(['OK']);
    });

    it('refuses calls after close', async () => {
      await transport.close();
      await transport.close();
      expect(((await failure(client.getRegisteredModel({ name: 'm' }))) as DomainError).reason).toBe(
        'TRANSPORT_CLOSED',
      );
    });
  });
}
