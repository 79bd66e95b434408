import { encodeCheck, messageType, type MethodDescriptor } from '@slipway/contracts';
import type { AuditService } from '@slipway/contracts/slipway.audit.v1';
import type { Operation, OperationService } from '@slipway/contracts/slipway.common.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, UnavailableError } from '@slipway/kernel';
import type { CallContext, Handlers, ServiceImplementation } from '@slipway/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperationRunner } from '../../operations/operation-runner.ts';
import type { OperationWork } from '../../operations/operation.ts';
import { openTestDatabase, testCaller, type TestDatabases } from '../../testing/test-databases.ts';
import type { UnitOfWork } from '../../unit-of-work/transaction.ts';
import type { Database } from '../../database/open-database.ts';
import { createPlatformServices } from '../create-platform-services.ts';

const RECORDS = 45;
const never = new AbortController().signal;
const untilStopped: OperationWork = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const callOf = (workspace = 'default', signal: AbortSignal = never): CallContext => ({
  caller: testCaller(workspace),
  requestId: 'call-1',
  method: '/test',
  signal,
  log: silentLogger,
  header: () => undefined,
  setTrailer: () => undefined,
});

/** The handlers of a service as its implementation holds them, each answer checked to be one that goes over the wire. */
function handlersOf<Shapes>(implementation: ServiceImplementation): Handlers<Shapes> {
  const entries = implementation.methods.map(({ descriptor, kind, handle }) => {
    const check = encodeCheck(messageType(descriptor.responseType));
    const call = handle as (request: object, context: CallContext) => unknown;
    const unary = async (request: object, context: CallContext) => {
      const answer = (await call(request, context)) as object;
      check(answer);
      return answer;
    };
    const stream = async function* (request: object, context: CallContext) {
      for await (const answer of call(request, context) as AsyncIterable<object>) {
        check(answer);
        yield answer;
      }
    };
    return [nameOf(descriptor), kind === 'server-stream' ? stream : unary];
  });
  return Object.fromEntries(entries) as Handlers<Shapes>;
}

const nameOf = ({ name }: MethodDescriptor): string => name.charAt(0).toLowerCase() + name.slice(1);

interface Process {
  readonly audit: Handlers<AuditService>;
  readonly operations: Handlers<OperationService>;
  readonly registry: { readonly database: Database; readonly unitOfWork: UnitOfWork; readonly runner: OperationRunner };
  readonly serving: { readonly runner: OperationRunner };
  /** All changes of an operation, as a watch shows them. */
  readonly watch: (id: string, workspace?: string) => Promise<Operation[]>;
}

/** A process of two services; registry has a trail of 45 records in `default`, every third about `things/0`. */
export function platformServicesSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`platform services: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    const withProcess = async (test: (process: Process) => Promise<void>): Promise<void> => {
      const ids = createIdSource(systemClock, seededRandom(7));
      const open = async () => {
        const opened = await openTestDatabase(await databases.fresh());
        const common = { ...opened, clock: systemClock, ids, log: silentLogger };
        const runner = new OperationRunner({ ...common, pollMs: 50, runningMax: 3, waitingMax: 1_000 });
        await runner.start();
        return { ...opened, runner };
      };
      const [registry, serving] = [await open(), await open()];
      try {
        for (let index = 0; index < RECORDS; index += 1) {
          await registry.unitOfWork.run({ caller: testCaller(), requestId: `call-${index}` }, (tx) =>
            Promise.resolve(
              tx.audit.add({ action: 'test.change', resource: `things/${index % 3}`, details: { index } }),
            ),
          );
        }
        await registry.unitOfWork.run({ caller: testCaller('other'), requestId: 'x' }, (tx) =>
          Promise.resolve(tx.audit.add({ action: 'test.other', resource: 'secret' })),
        );
        const [audit, operations] = createPlatformServices(
          new Map([
            ['registry', { database: registry.database, operations: registry.runner }],
            ['serving', { database: serving.database, operations: serving.runner }],
          ]),
        );
        const handlers = handlersOf<OperationService>(operations!);
        const watch: Process['watch'] = async (id, workspace) => {
          const seen: Operation[] = [];
          for await (const { operation } of handlers.watchOperation({ id }, callOf(workspace))) seen.push(operation!);
          return seen;
        };
        await test({ audit: handlersOf<AuditService>(audit!), operations: handlers, registry, serving, watch });
      } finally {
        for (const { runner, database } of [registry, serving]) {
          await runner.stop();
          await database.close();
        }
      }
    };

    const verify = async ({ audit, watch }: Process, anchor = '', workspace = 'default'): Promise<Operation> => {
      const request = { service: 'registry', anchor_hash: anchor };
      const { operation } = await audit.verifyAudit(request, callOf(workspace));
      expect(operation).toMatchObject({ kind: 'audit.verify', state: 'OPERATION_STATE_PENDING', principal: 'alice' });
      return (await watch(operation!.id!, workspace)).at(-1)!;
    };
    const resultOf = (operation: Operation) => {
      expect(operation).toMatchObject({
        state: 'OPERATION_STATE_SUCCEEDED',
        result_type: 'slipway.audit.v1.VerifyAuditResult',
      });
      return JSON.parse(operation.result_json!) as Record<string, unknown>;
    };
    const tamper = (database: Database, statement: string) =>
      database.write(async ({ sql }) => {
        const on = sql.dialect === 'postgresql' ? ' on slipway_audit_record' : '';
        const names = sql.dialect === 'postgresql' ? ['change', 'truncate'] : ['update', 'delete', 'replace'];
        for (const trigger of names) await sql.run(`drop trigger slipway_audit_no_${trigger}${on}`);
        await sql.run(statement);
      });

    it('verifies an intact log, per workspace, with and without an anchor', () =>
      withProcess(async (process) => {
        const operation = await verify(process);
        const result = resultOf(operation);
        expect(result).toEqual({
          intact: true,
          records: `${RECORDS}`,
          head_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
          broken_sequence: '0',
          broken_reason: '',
        });
        expect(operation.progress).toEqual({ done: `${RECORDS}`, total: `${RECORDS}`, unit: 'records' });
        expect(resultOf(await verify(process, result['head_hash'] as string))).toEqual(result);
        const { records } = await process.audit.listAuditRecords(
          { service: 'registry', page_size: 7, page_token: '', resource: '' },
          callOf(),
        );
        expect(resultOf(await verify(process, records!.at(-1)!.hash)).intact).toBe(true); // an old head is in the chain
        expect(resultOf(await verify(process, '', 'other'))).toMatchObject({ intact: true, records: '1' });
        expect(resultOf(await verify(process, '0'.repeat(63) + '1'))).toMatchObject({
          intact: false,
          broken_sequence: `${RECORDS + 1}`,
          broken_reason: expect.stringContaining('anchor'),
        });
      }));

    it.each([
      [
        'an edited row',
        `update slipway_audit_record set principal = 'eve' where workspace = 'default' and sequence = 7`,
        '7',
        /^hash: .*row 7/,
      ],
      [
        'a deleted row',
        `delete from slipway_audit_record where workspace = 'default' and sequence = 9`,
        '9',
        /^gap: .*row 9/,
      ],
      [
        'a wrong head',
        `update slipway_audit_head set sequence = 5 where workspace = 'default'`,
        `${RECORDS + 1}`,
        /^head: /,
      ],
    ])('finds %s', (_, statement, sequence, reason) =>
      withProcess(async (process) => {
        await tamper(process.registry.database, statement);
        expect(resultOf(await verify(process))).toMatchObject({
          intact: false,
          broken_sequence: sequence,
          broken_reason: expect.stringMatching(reason),
        });
      }),
    );

    it('lists records oldest first, each once, by resource, and of the own workspace', () =>
      withProcess(async ({ audit }) => {
        const listAll = async (resource: string, workspace: string, pageSize: number) => {
          const seen: string[] = [];
          let token = '';
          do {
            const request = { service: 'registry', resource, page_size: pageSize, page_token: token };
            const page = await audit.listAuditRecords(request, callOf(workspace));
            expect(page.records!.length).toBeLessThanOrEqual(pageSize);
            seen.push(...page.records!.map(({ sequence }) => String(sequence)));
            token = page.next_page_token!;
          } while (token !== '');
          return seen;
        };
        const all = Array.from({ length: RECORDS }, (_, index) => `${index + 1}`);
        expect(await listAll('', 'default', 10)).toEqual(all);
        expect(await listAll('', 'default', RECORDS)).toEqual(all);
        expect(await listAll('things/0', 'default', 4)).toEqual(all.filter((_, index) => index % 3 === 0));
        expect(await listAll('', 'other', 10)).toEqual(['1']);
        expect(await listAll('', 'empty', 10)).toEqual([]);
        const first = { service: 'registry', resource: '', page_size: 1, page_token: '' };
        const { records, next_page_token: token } = await audit.listAuditRecords(first, callOf());
        expect(records![0]).toMatchObject({
          sequence: '1',
          principal: 'alice',
          action: 'test.change',
          resource: 'things/0',
          details_json: '{"index":0}',
          request_id: 'call-0',
          previous_hash: '0'.repeat(64),
        });
        for (const [changed, workspace] of [
          [{ resource: 'things/0' }, 'default'],
          [{ service: 'serving' }, 'default'],
          [{}, 'other'],
        ] as const) {
          const request = { ...first, page_token: token!, ...changed };
          await expect(audit.listAuditRecords(request, callOf(workspace))).rejects.toMatchObject({
            reason: 'PAGE_TOKEN_MISMATCH',
          });
        }
      }));

    it('names the known services for an unknown one, and refuses what is no anchor', () =>
      withProcess(async ({ audit }) => {
        const wrong = {
          kind: 'invalid-argument',
          violations: [{ field: 'service', description: expect.stringContaining('registry, serving') }],
        };
        const list = { service: 'nowhere', resource: '', page_size: 0, page_token: '' };
        await expect(audit.listAuditRecords(list, callOf())).rejects.toMatchObject(wrong);
        await expect(audit.verifyAudit({ service: 'nowhere', anchor_hash: '' }, callOf())).rejects.toMatchObject(wrong);
        await expect(audit.verifyAudit({ service: 'registry', anchor_hash: 'AB' }, callOf())).rejects.toMatchObject({
          violations: [{ field: 'anchor_hash' }],
        });
      }));

    it('lists 250 operations of both services once each, newest first, by kind', () =>
      withProcess(async ({ operations, registry, serving }) => {
        const begun: { id: string; kind: string }[] = [];
        for (let index = 0; index < 250; index += 1) {
          const { runner } = index % 3 === 0 ? serving : registry;
          const kind = index % 2 === 0 ? 'test.even' : 'test.odd';
          const request = { kind, unit: 'rows' };
          const context = { caller: testCaller(), requestId: `${index}` };
          const { id } = await runner.begin(context, request, () => Promise.resolve({ type: 'T', json: '{}' }));
          begun.unshift({ id, kind });
        }
        const listAll = async (kind: string, pageSize: number, workspace = 'default') => {
          const seen: string[] = [];
          let token = '';
          let pages = 0;
          do {
            const request = { kind, page_size: pageSize, page_token: token };
            const page = await operations.listOperations(request, callOf(workspace));
            pages += 1;
            seen.push(...page.operations!.map(({ id }) => id!));
            token = page.next_page_token!;
          } while (token !== '');
          expect(pages).toBe(Math.max(1, Math.ceil(seen.length / (pageSize || 100)))); // no empty page at the end
          return seen;
        };
        expect(await listAll('', 50)).toEqual(begun.map(({ id }) => id)); // 250 is a multiple of it
        expect(await listAll('', 33)).toEqual(begun.map(({ id }) => id));
        expect(await listAll('test.odd', 0)).toEqual(
          begun.filter(({ kind }) => kind === 'test.odd').map(({ id }) => id),
        );
        expect(await listAll('', 50, 'other')).toEqual([]);
      }));

    it('watches to the end, cancels, and maps errors to codes', () =>
      withProcess(async ({ operations, serving, registry, watch }) => {
        const context = { caller: testCaller(), requestId: 'r' };
        const request = { kind: 'test.work', unit: 'rows', total: 3n };
        const gate = Promise.withResolvers<void>();
        const counted = await serving.runner.begin(context, request, async (operation) => {
          operation.progress(2n ** 53n + 1n);
          await gate.promise;
          return { type: 'T', json: '{}' };
        });
        const seen: Operation[] = [];
        for await (const { operation } of operations.watchOperation({ id: counted.id }, callOf())) {
          seen.push(operation!);
          if (operation!.state === 'OPERATION_STATE_RUNNING' && operation!.progress!.done !== '0') gate.resolve();
        }
        expect(seen.at(-1)).toMatchObject({
          state: 'OPERATION_STATE_SUCCEEDED',
          progress: { done: '9007199254740993', total: '3', unit: 'rows' },
          result_json: '{}',
        });
        expect(seen.length).toBeGreaterThan(1);
        const stopped = await registry.runner.begin(context, request, untilStopped);
        const answer = await operations.cancelOperation({ id: stopped.id }, callOf());
        expect(answer.operation).toMatchObject({ id: stopped.id, cancel_requested: true });
        expect((await watch(stopped.id)).at(-1)).toMatchObject({ state: 'OPERATION_STATE_CANCELLED', error: null });
        const failing: OperationWork[] = [
          () => Promise.reject(new UnavailableError('no disk', { reason: 'NO_DISK' })),
          () => Promise.reject(new Error('secret')),
        ];
        const begun = await Promise.all(failing.map((work) => registry.runner.begin(context, request, work)));
        const ends = await Promise.all(begun.map(async ({ id }) => (await watch(id)).at(-1)));
        expect(ends.map((end) => end?.error)).toEqual([
          { code: 14, reason: 'NO_DISK', message: 'no disk' },
          { code: 13, reason: 'INTERNAL', message: 'internal error' },
        ]);
      }));

    it('ends a watch with its call', () =>
      withProcess(async ({ operations, registry }) => {
        const context = { caller: testCaller(), requestId: 'r' };
        const { id } = await registry.runner.begin(context, { kind: 'test.work', unit: 'rows' }, untilStopped);
        const call = new AbortController();
        const watching = (async () => {
          for await (const { operation } of operations.watchOperation({ id }, callOf('default', call.signal))) {
            expect(operation?.id).toBe(id);
            setTimeout(() => call.abort(new Error('the caller left')), 20);
          }
        })();
        await expect(watching).rejects.toThrow('the caller left');
      }));

    it('gives the same answer for an operation of another workspace as for none', () =>
      withProcess(async ({ operations, registry, watch }) => {
        const context = { caller: testCaller(), requestId: 'r' };
        const { id } = await registry.runner.begin(context, { kind: 'test.work', unit: 'rows' }, untilStopped);
        const failure = async (run: () => Promise<unknown>, id: string): Promise<unknown> => {
          const error = await run().then(
            () => new Error('no error'),
            (error: unknown) => error as Error & { reason: string; facts: Record<string, string>; kind: string },
          );
          const { message, ...fields } = error;
          return {
            ...fields,
            message: message.replaceAll(id, 'ID'),
            facts: Object.keys('facts' in error ? error.facts : {}),
          };
        };
        const missing = '00000000-0000-7000-8000-000000000000';
        const calls: ((id: string) => Promise<unknown>)[] = [
          (id) => operations.getOperation({ id }, callOf('other')),
          (id) => operations.cancelOperation({ id }, callOf('other')),
          (id) => watch(id, 'other'),
        ];
        for (const call of calls) {
          const answer = await failure(() => call(id), id);
          expect(answer).toEqual(await failure(() => call(missing), missing));
          expect(answer).toMatchObject({ kind: 'not-found', reason: 'OPERATION_NOT_FOUND' });
        }
        expect((await operations.getOperation({ id }, callOf())).operation).toMatchObject({ cancel_requested: false });
      }));
  });
}
