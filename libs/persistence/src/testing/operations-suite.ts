import {
  createIdSource,
  NotFoundError,
  seededRandom,
  silentLogger,
  systemClock,
  UnavailableError,
} from '@slipway/kernel';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Database } from '../database/open-database.ts';
import type { OperationRecord, OperationWork } from '../operations/operation.ts';
import { OperationRunner, type OperationRunnerOptions } from '../operations/operation-runner.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const never = new AbortController().signal;
const until = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

/** Long work always reaches a final state. */
export function operationsSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`operations: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    const withRunner = async (
      test: (parts: {
        database: Database;
        make: (options?: Partial<OperationRunnerOptions>) => OperationRunner;
      }) => Promise<void>,
    ): Promise<void> => {
      const { database } = await openTestDatabase(await databases.fresh());
      const runners: OperationRunner[] = [];
      const make = (options: Partial<OperationRunnerOptions> = {}): OperationRunner => {
        const ids = createIdSource(systemClock, seededRandom(runners.length));
        const runner = new OperationRunner({
          database,
          clock: systemClock,
          ids,
          log: silentLogger,
          leaseMs: 300,
          ...options,
        });
        runners.push(runner);
        return runner;
      };
      try {
        await test({ database, make });
      } finally {
        await Promise.all(runners.map((runner) => runner.stop()));
        await database.close();
      }
    };
    const watchAll = async (runner: OperationRunner, id: string): Promise<OperationRecord[]> => {
      const seen: OperationRecord[] = [];
      for await (const record of runner.watch('default', id, never)) seen.push(record);
      return seen;
    };
    const begin = (runner: OperationRunner, work: OperationWork) =>
      runner.begin(testCaller(), 'test.work', 'rows', work);

    it('runs, reports exact progress, and keeps the result', () =>
      withRunner(async ({ make }) => {
        const runner = make();
        await runner.start();
        const { id, state } = await begin(runner, (report) => {
          report({ done: 2n ** 62n, total: 2n ** 62n + 1n });
          return Promise.resolve({ type: 'T', json: '{"a":1}' });
        });
        expect(state).toBe('pending');
        const last = (await watchAll(runner, id)).at(-1);
        expect(last).toMatchObject({
          state: 'succeeded',
          done: 2n ** 62n,
          total: 2n ** 62n + 1n,
          resultType: 'T',
          resultJson: '{"a":1}',
          principal: 'alice',
        });
        await expect(runner.get('other', id)).rejects.toBeInstanceOf(NotFoundError);
      }));

    it('shows errors of the domain and hides bugs', () =>
      withRunner(async ({ make }) => {
        const runner = make();
        const known = await begin(runner, () => Promise.reject(new UnavailableError('no disk', { reason: 'NO_DISK' })));
        const bug = await begin(runner, () => Promise.reject(new Error('secret')));
        expect((await watchAll(runner, known.id)).at(-1)?.error).toEqual({
          kind: 'unavailable',
          reason: 'NO_DISK',
          message: 'no disk',
        });
        expect((await watchAll(runner, bug.id)).at(-1)?.error).toEqual({
          kind: 'internal',
          reason: 'INTERNAL',
          message: 'internal error',
        });
      }));

    it('cancels here, while it waits, and from another process', () =>
      withRunner(async ({ make }) => {
        const [here, other] = [make({ runningMax: 1 }), make()];
        await here.start();
        const first = await begin(here, (_, signal) => until(signal));
        const waiting = await begin(here, (_, signal) => until(signal));
        expect((await here.cancel('default', waiting.id)).cancelRequested).toBe(true);
        await other.cancel('default', first.id);
        expect((await watchAll(other, first.id)).at(-1)?.state).toBe('cancelled');
        expect((await watchAll(here, waiting.id)).at(-1)?.state).toBe('cancelled');
      }));

    it('runs a bounded number at once and refuses what is too much', () =>
      withRunner(async ({ make }) => {
        const runner = make({ runningMax: 2, waitingMax: 3 });
        let running = 0;
        let most = 0;
        let open = (): void => undefined;
        const gate = new Promise<void>((resolve) => (open = resolve));
        const work: OperationWork = async () => {
          most = Math.max(most, (running += 1));
          await gate;
          await systemClock.sleep(5);
          running -= 1;
          return { type: '', json: '' };
        };
        const begun: OperationRecord[] = [];
        for (let index = 0; index < 5; index += 1) begun.push(await begin(runner, work));
        await vi.waitFor(() => expect(running).toBe(2), { timeout: 5_000 });
        await expect(begin(runner, work)).rejects.toMatchObject({ kind: 'exhausted' });
        open();
        await runner.drain(never);
        expect(most).toBe(2);
        const states = await Promise.all(begun.map(({ id }) => runner.get('default', id)));
        expect(states.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'succeeded'));
      }));

    it('fails what a dead process left behind, and lets a zombie change nothing', () =>
      withRunner(async ({ make }) => {
        const [dead, alive] = [make(), make()]; // `dead` never starts its heartbeat
        let finish = (): void => undefined;
        const gate = new Promise<void>((resolve) => (finish = resolve));
        const { id } = await begin(dead, () => gate.then(() => ({ type: 'T', json: '{}' })));
        await alive.start();
        expect((await watchAll(alive, id)).at(-1)).toMatchObject({
          state: 'failed',
          error: { reason: 'OPERATION_ABANDONED' },
        });
        finish();
        await dead.drain(never);
        expect((await alive.get('default', id)).state).toBe('failed');
      }));

    it('keeps a long one alive by its heartbeat, and lists newest first', () =>
      withRunner(async ({ make }) => {
        const [runner, reaper] = [make(), make()];
        await Promise.all([runner.start(), reaper.start()]);
        const long = await begin(runner, async () => {
          await systemClock.sleep(900); // three leases
          return { type: '', json: '' };
        });
        const second = await begin(runner, () => Promise.resolve({ type: '', json: '' }));
        expect((await runner.list('default', '', undefined, 10)).map(({ id }) => id)).toEqual([second.id, long.id]);
        expect((await runner.list('default', 'test.work', second.id, 10)).map(({ id }) => id)).toEqual([long.id]);
        expect((await watchAll(reaper, long.id)).at(-1)?.state).toBe('succeeded');
      }));
  });
}
