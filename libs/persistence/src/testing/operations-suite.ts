import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  createIdSource,
  NotFoundError,
  seededRandom,
  silentLogger,
  systemClock,
  UnavailableError,
} from '@slipway/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../audit/list-audit.ts';
import type { Database, DatabaseTarget } from '../database/open-database.ts';
import type { OperationRecord, OperationWork } from '../operations/operation.ts';
import { OperationRunner } from '../operations/operation-runner.ts';
import type { OperationRequest, OperationRunnerOptions } from '../operations/operation-runner-options.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const never = new AbortController().signal;
const done = { type: 'test.Done', json: '{}' };
const untilStopped: OperationWork = ({ signal }) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
const BEGIN_AND_HANG = fileURLToPath(new URL('../operations/testing/begin-and-hang.ts', import.meta.url));
const context = { caller: testCaller(), requestId: 'call-1' };
const keyOf = (id: string) => ({ workspace: 'default', id });

interface Parts {
  readonly target: DatabaseTarget;
  readonly database: Database;
  /** Runners share the database, as those of several processes would. */
  readonly make: (options?: Partial<OperationRunnerOptions>) => Promise<OperationRunner>;
}

/** Long work always reaches a final state. */
export function operationsSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`operations: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    const withRunner = async (test: (parts: Parts) => Promise<void>): Promise<void> => {
      const target = await databases.fresh();
      const { database, unitOfWork } = await openTestDatabase(target);
      const runners: OperationRunner[] = [];
      const make: Parts['make'] = async (options = {}) => {
        const ids = createIdSource(systemClock, seededRandom(runners.length));
        const common = { database, unitOfWork, clock: systemClock, ids, log: silentLogger };
        const runner = new OperationRunner({ ...common, leaseMs: 600, pollMs: 50, ...options });
        runners.push(runner);
        await runner.start();
        return runner;
      };
      try {
        await test({ target, database, make });
      } finally {
        await Promise.all(runners.map((runner) => runner.stop()));
        await database.close();
      }
    };
    const watchAll = async (runner: OperationRunner, id: string): Promise<OperationRecord[]> => {
      const seen: OperationRecord[] = [];
      for await (const record of runner.watch(keyOf(id), never)) seen.push(record);
      return seen;
    };
    const endOf = async (runner: OperationRunner, id: string) => (await watchAll(runner, id)).at(-1);
    const begin = (runner: OperationRunner, work: OperationWork, request: Partial<OperationRequest> = {}) =>
      runner.begin(context, { kind: 'test.work', unit: 'rows', ...request }, work);

    it('runs, reports exact progress, and keeps the result', () =>
      withRunner(async ({ make }) => {
        const runner = await make();
        const { id, state } = await begin(runner, (operation) => {
          operation.progress(2n ** 62n, 2n ** 62n + 1n);
          return Promise.resolve({ type: 'T', json: '{"a":1}' });
        });
        expect(state).toBe('pending');
        const seen = await watchAll(runner, id);
        expect(seen.at(-1)).toMatchObject({
          state: 'succeeded',
          done: 2n ** 62n,
          total: 2n ** 62n + 1n,
          resultType: 'T',
          resultJson: '{"a":1}',
          principal: 'alice',
        });
        expect(seen.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
        await expect(runner.get({ workspace: 'other', id })).rejects.toBeInstanceOf(NotFoundError);
      }));

    it('shows errors of the domain and hides bugs', () =>
      withRunner(async ({ make }) => {
        const runner = await make();
        const known = await begin(runner, () => Promise.reject(new UnavailableError('no disk', { reason: 'NO_DISK' })));
        const bug = await begin(runner, () => Promise.reject(new Error('secret')));
        const large = await begin(runner, () => Promise.resolve({ type: 'T', json: `"${'x'.repeat(2 ** 20)}"` }));
        const broken = await begin(runner, () => Promise.resolve({ type: 'T', json: '{' }));
        const nul = await begin(runner, () => Promise.reject(new UnavailableError('a\0b\ud800')));
        const errorOf = async ({ id }: OperationRecord) => (await endOf(runner, id))?.error;
        expect(await errorOf(known)).toEqual({ kind: 'unavailable', reason: 'NO_DISK', message: 'no disk' });
        const internal = { kind: 'internal', reason: 'INTERNAL', message: 'internal error' };
        expect([await errorOf(bug), await errorOf(broken)]).toEqual([internal, internal]);
        expect(await errorOf(large)).toMatchObject({ kind: 'exhausted', reason: 'OPERATION_RESULT_TOO_LARGE' });
        expect((await errorOf(nul))?.message).toBe('ab\ufffd');
      }));

    it('cancels here, while it waits, and from another process; once in the audit trail', () =>
      withRunner(async ({ make, database }) => {
        const [here, other] = [await make({ runningMax: 1 }), await make()];
        const first = await begin(here, untilStopped);
        const waiting = await begin(here, untilStopped);
        expect((await here.cancel(context, waiting.id)).cancelRequested).toBe(true);
        expect((await endOf(here, waiting.id))?.state).toBe('cancelled'); // while the other one still runs
        expect(['pending', 'running']).toContain((await here.get(keyOf(first.id))).state);
        await other.cancel(context, first.id);
        expect((await endOf(other, first.id))?.state).toBe('cancelled');
        expect((await other.cancel(context, first.id)).state).toBe('cancelled');
        const stranger = { caller: testCaller('other'), requestId: 'call-2' };
        await expect(other.cancel(stranger, first.id)).rejects.toBeInstanceOf(NotFoundError);
        const trail = await database.read(({ sql }) => listAudit(sql, { workspace: 'default', limit: 10 }));
        expect(trail.map(({ action, resource }) => [action, resource])).toEqual([
          ['operations.cancel', `operations/${first.id}`],
          ['operations.cancel', `operations/${waiting.id}`],
        ]);
      }));

    it('is cancelled only when the work has stopped, and succeeds when the work was done all the same', () =>
      withRunner(async ({ make }) => {
        const runner = await make();
        const gate = Promise.withResolvers<void>();
        let started = 0;
        const begun = async (end: OperationWork) =>
          begin(runner, async (operation) => {
            started += 1;
            await gate.promise;
            return end(operation);
          });
        const slow = await begun(untilStopped);
        const deaf = await begun(() => Promise.resolve(done));
        await expect.poll(() => started).toBe(2);
        for (const { id } of [slow, deaf]) await runner.cancel(context, id);
        await systemClock.sleep(200);
        expect(await runner.get(keyOf(slow.id))).toMatchObject({ state: 'running', cancelRequested: true });
        gate.resolve();
        expect((await endOf(runner, slow.id))?.state).toBe('cancelled');
        expect((await endOf(runner, deaf.id))?.state).toBe('succeeded');
      }));

    it('begins again what a process that is gone left behind, a bounded number of times', () =>
      withRunner(async ({ make, database }) => {
        const inputs: string[] = [];
        const resumable = new Map([
          [
            'test.work',
            ({ inputJson }: OperationRecord): OperationWork => {
              inputs.push(inputJson ?? '');
              return () => Promise.resolve(done);
            },
          ],
        ]);
        const hang: OperationWork = () => new Promise(() => undefined);
        const gone = await make({ leaseMs: 1e9 }); // never touches its leases again
        const left = await begin(gone, hang, { inputJson: '{"a":1}' });
        const hopeless = await begin(gone, hang, { inputJson: '{"b":1}' });
        const plain = await begin(gone, hang);
        await expect.poll(async () => (await gone.get(keyOf(left.id))).state).toBe('running');
        await database.write(({ sql }) => sql.run('update slipway_operation set lease_until = 0'));
        await database.write(({ sql }) =>
          sql.run('update slipway_operation set attempts = 10 where id = ?', [hopeless.id]),
        );
        const next = await make({ resumable });
        expect(await endOf(next, left.id)).toMatchObject({ state: 'succeeded', resultType: done.type });
        const lost = { state: 'failed', error: { reason: 'OWNER_LOST' } };
        expect(await Promise.all([endOf(next, hopeless.id), endOf(next, plain.id)])).toMatchObject([lost, lost]);
        expect(inputs).toEqual(['{"a":1}']);
      }));

    it('gives back on a stop what the next process can go on with', () =>
      withRunner(async ({ make }) => {
        const resumable = new Map([['test.work', (): OperationWork => () => Promise.resolve(done)]]);
        const first = await make({ resumable, drainMs: 1 });
        const { id } = await begin(first, untilStopped, { inputJson: '{}' });
        await first.drain(never);
        await first.stop();
        expect((await first.get(keyOf(id))).state).toBe('pending');
        const next = await make({ resumable, attemptsMax: 2 }); // the attempt before does not count
        expect((await endOf(next, id))?.state).toBe('succeeded');
      }));

    it('runs a bounded number at once and refuses what is too much', () =>
      withRunner(async ({ make }) => {
        const runner = await make({ runningMax: 2, waitingMax: 3 });
        const gate = Promise.withResolvers<void>();
        let running = 0;
        let most = 0;
        const work: OperationWork = async () => {
          most = Math.max(most, (running += 1));
          await gate.promise;
          running -= 1;
          return done;
        };
        const begun = await Promise.all(Array.from({ length: 5 }, () => begin(runner, work)));
        await expect(begin(runner, work)).rejects.toMatchObject({ kind: 'exhausted', reason: 'OPERATIONS_FULL' });
        await expect.poll(() => running).toBe(2);
        gate.resolve();
        await runner.drain(never);
        expect([most, running]).toEqual([2, 0]);
        const states = await Promise.all(begun.map(({ id }) => runner.get(keyOf(id))));
        expect(states.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'succeeded'));
        await expect(begin(runner, work)).rejects.toMatchObject({ reason: 'OPERATIONS_NOT_SERVED' });
      }));

    it('begins once for repeats of one request', () =>
      withRunner(async ({ make }) => {
        const runner = await make();
        let runs = 0;
        const work: OperationWork = () => Promise.resolve((runs += 1)).then(() => done);
        const same = { requestId: 'r-1', request: { model: 'm' } };
        const [first, second] = await Promise.all([begin(runner, work, same), begin(runner, work, same)]);
        expect(first.id).toBe(second.id);
        const last = await endOf(runner, first.id);
        expect(await begin(runner, work, same)).toEqual(last);
        await expect(begin(runner, work, { ...same, request: { model: 'n' } })).rejects.toMatchObject({
          reason: 'REQUEST_ID_REUSED',
        });
        expect(runs).toBe(1);
      }));

    it('marks what is unfinished when a drain is cut short, running or waiting', () =>
      withRunner(async ({ make }) => {
        const [runner, other] = [await make({ runningMax: 1, drainMs: 50 }), await make()];
        const stopping = await begin(runner, untilStopped);
        const waiting = await begin(runner, untilStopped);
        await runner.drain(never);
        for (const { id } of [stopping, waiting]) {
          expect(await other.get(keyOf(id))).toMatchObject({ state: 'failed', error: { reason: 'OWNER_STOPPED' } });
        }
      }));

    it('keeps a long one alive by its heartbeat, and lists newest first', () =>
      withRunner(async ({ make }) => {
        const [runner, reaper] = [await make(), await make()];
        const long = await begin(runner, async () => (await systemClock.sleep(1_800), done)); // three leases
        const second = await begin(runner, () => Promise.resolve(done));
        const list = (before?: string) => runner.store.list({ workspace: 'default', kind: '', before, limit: 10 });
        expect((await list()).map(({ id }) => id)).toEqual([second.id, long.id]);
        expect((await list(second.id)).map(({ id }) => id)).toEqual([long.id]);
        expect((await endOf(reaper, long.id))?.state).toBe('succeeded');
      }));

    it('fails what a killed process left behind, running or waiting, and not before its lease ends', () =>
      withRunner(async ({ make, target }) => {
        const leaseMs = 600;
        const child = spawn(process.execPath, [BEGIN_AND_HANG, JSON.stringify({ target, leaseMs })], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const exited = once(child, 'exit');
        const survivor = await make({ leaseMs });
        let ids: string[];
        try {
          const [line] = (await Promise.race([once(child.stdout, 'data'), exited.then(() => ['[]'])])) as [Buffer];
          ids = JSON.parse(line.toString()) as string[];
          expect(ids).toHaveLength(2);
          const before = await Promise.all(ids.map((id) => survivor.get(keyOf(id))));
          expect(before.map(({ state }) => state)).toEqual(['running', 'pending']);
        } finally {
          child.kill('SIGKILL');
          await exited;
        }
        const leases = await Promise.all(ids.map((id) => survivor.get(keyOf(id))));
        const ends = await Promise.all(ids.map((id) => endOf(survivor, id)));
        for (const [index, end] of ends.entries()) {
          expect(end).toMatchObject({ state: 'failed', error: { kind: 'unavailable', reason: 'OWNER_LOST' } });
          expect(end!.updatedAt).toBeGreaterThanOrEqual(leases[index]!.leaseUntil);
        }
        expect(ends[0]).toMatchObject({ done: 4n, total: 10n });
      }));
  });
}
