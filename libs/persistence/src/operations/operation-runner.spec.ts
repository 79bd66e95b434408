import { createIdSource, seededRandom, silentLogger, UnavailableError } from '@slipway/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/open-database.ts';
import { openTestDatabase, sqliteDatabases, testCaller, type TestDatabases } from '../testing/test-databases.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';
import { OperationLostError } from './operation-outcome.ts';
import { OperationRunner } from './operation-runner.ts';
import type { OperationRunnerOptions } from './operation-runner-options.ts';
import type { OperationChange } from './operation-rows.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';
import type { OperationHandle, OperationRecord, OperationWork } from './operation.ts';

const LEASE_MS = 30_000;
const context = { caller: testCaller(), requestId: 'call-1' };
const request = { kind: 'test.work', unit: 'rows' };

/** Everything that depends on time, with a clock that the test moves. */
describe('operation runner in time', () => {
  let databases: TestDatabases;
  let database: Database;
  let unitOfWork: UnitOfWork;
  let clock: ManualClock;
  let runners: OperationRunner[];
  /** While set, transactions fail as if the database could not be reached. */
  let isDown = false;

  beforeEach(async () => {
    databases = await sqliteDatabases();
    clock = new ManualClock();
    runners = [];
    isDown = false;
    const opened = await openTestDatabase(await databases.fresh(), { clock });
    const guarded =
      <Arguments extends unknown[], Result>(call: (...all: Arguments) => Promise<Result>) =>
      (...all: Arguments): Promise<Result> =>
        isDown ? Promise.reject(new UnavailableError('the database is down')) : call(...all);
    unitOfWork = opened.unitOfWork;
    const { database: real } = opened;
    database = Object.assign(Object.create(real) as Database, {
      read: guarded((work: Parameters<Database['read']>[0]) => real.read(work)),
      write: guarded((work: Parameters<Database['write']>[0]) => real.write(work)),
      close: () => real.close(),
    });
  });
  afterEach(async () => {
    isDown = false;
    const stops = Promise.all(runners.map((runner) => runner.stop()));
    await settle();
    await clock.advance(60_000);
    await stops;
    await database.close();
    await databases.stop();
  });

  const make = async (options: Partial<OperationRunnerOptions> = {}): Promise<OperationRunner> => {
    const ids = createIdSource(clock, seededRandom(runners.length + 1));
    const runner = new OperationRunner({
      database,
      unitOfWork,
      clock,
      ids,
      log: silentLogger,
      leaseMs: LEASE_MS,
      ...options,
    });
    runners.push(runner);
    await runner.start();
    await settle();
    return runner;
  };
  /** Work that the test ends, with the handle it was given. */
  const held = () => {
    const started = Promise.withResolvers<OperationHandle>();
    const gate = Promise.withResolvers<void>();
    const work: OperationWork = async (operation) => {
      started.resolve(operation);
      await gate.promise;
      return { type: 'T', json: '{}' };
    };
    return { work, started: started.promise, end: gate.resolve };
  };
  const countWrites = (runner: OperationRunner): OperationChange[] => {
    const written: OperationChange[] = [];
    const { store } = runner;
    const update = store.update.bind(store);
    store.update = (known, change, now) => {
      written.push(change);
      return update(known, change, now);
    };
    return written;
  };

  it('writes progress at most four times a second, and the last one always', async () => {
    const runner = await make();
    const written = countWrites(runner);
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    const operation = await started;
    await settle();
    written.length = 0;
    for (let step = 1; step <= 1_000; step += 1) {
      operation.progress(step, 1_001);
      if (step % 10 === 0) await clock.advance(10);
    }
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(written.length).toBeLessThanOrEqual(5); // one second and the call at its start
    operation.progress(1_001);
    end();
    await settle();
    expect(await runner.get({ workspace: 'default', id })).toMatchObject({
      state: 'succeeded',
      done: 1_001n,
      total: 1_001n,
    });
    operation.progress(7);
    await clock.advance(1_000);
    expect((await runner.get({ workspace: 'default', id })).done).toBe(1_001n);
  });

  it('writes the last progress without an end, too', async () => {
    const runner = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    const operation = await started;
    for (const step of [1, 2, 3]) operation.progress(step);
    await clock.advance(250);
    expect((await runner.get({ workspace: 'default', id })).done).toBe(3n);
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => operation.progress(bad)).toThrow(RangeError);
    end();
    await settle();
  });

  it('fails what lost its owner when the lease ends, and the zombie changes nothing', async () => {
    const zombie = await make();
    const { work, started, end } = held();
    const { id } = await zombie.begin(context, request, work);
    await started;
    await settle();
    const key = { workspace: 'default', id };
    const { leaseUntil } = await zombie.get(key);
    const other = new OperationRunner({
      database,
      unitOfWork,
      clock,
      ids: createIdSource(clock, seededRandom(99)),
      log: silentLogger,
    });
    expect(await other.store.reap(leaseUntil - 1n)).toEqual([]);
    expect(await other.store.reap(leaseUntil)).toEqual([key]);
    expect(await other.get(key)).toMatchObject({ state: 'failed', error: { reason: 'OWNER_LOST' } });
    const signal = (await started).signal;
    expect(signal.aborted).toBe(false);
    await clock.advance(LEASE_MS / 3 + 1_000); // the heartbeat learns of it
    expect(signal.reason).toBeInstanceOf(OperationLostError);
    end();
    await settle();
    expect(await other.get(key)).toMatchObject({ state: 'failed', resultJson: undefined });
  });

  it('keeps the lease by heartbeats for as long as the work takes', async () => {
    const runner = await make();
    const reaper = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    await started;
    for (let second = 0; second < 100; second += 1) await clock.advance(1_000);
    expect((await reaper.get({ workspace: 'default', id })).state).toBe('running');
    end();
    await settle();
    expect((await reaper.get({ workspace: 'default', id })).state).toBe('succeeded');
  });

  it('goes on after the machine slept for longer than the lease', async () => {
    const runner = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    const { signal } = await started;
    await settle();
    await clock.advance(10 * LEASE_MS);
    expect(signal.aborted).toBe(false);
    end();
    await settle();
    expect((await runner.get({ workspace: 'default', id })).state).toBe('succeeded');
  });

  it('stops the work when the database was out of reach for a lease; the operation fails when it is back', async () => {
    const runner = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    const { signal } = await started;
    await settle();
    isDown = true;
    for (let second = 0; second < 29; second += 1) await clock.advance(1_000);
    expect(signal.aborted).toBe(false);
    await clock.advance(2_000);
    expect(signal.reason).toBeInstanceOf(OperationLostError);
    end();
    isDown = false;
    await clock.advance(LEASE_MS);
    expect(await runner.get({ workspace: 'default', id })).toMatchObject({
      state: 'failed',
      error: { reason: 'OWNER_LOST' },
    });
  });

  it('notes the end later when the database is out of reach for a moment', async () => {
    const runner = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    await started;
    await settle();
    isDown = true;
    end();
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
    isDown = false;
    await clock.advance(1_000);
    expect((await runner.get({ workspace: 'default', id })).state).toBe('succeeded');
  });

  it('forgets what ended a week ago and nothing else', async () => {
    const runner = await make();
    const quick: OperationWork = () => Promise.resolve({ type: 'T', json: '{}' });
    const old = await runner.begin(context, request, quick);
    const { work, started, end } = held();
    const long = await runner.begin(context, request, work);
    await started;
    await clock.advance(86_400_000 * 6);
    const young = await runner.begin(context, request, quick);
    await settle();
    const ids = async () =>
      (await runner.store.list({ workspace: 'default', kind: '', before: undefined, limit: 10 })).map(({ id }) => id);
    expect(await ids()).toEqual([young.id, long.id, old.id]);
    await clock.advance(86_400_000 + 60_000);
    expect(await ids()).toEqual([young.id, long.id]);
    end();
    await settle();
  });

  it('watch polls for changes that another process made, and ends with its signal', async () => {
    const runner = await make();
    const { work, started, end } = held();
    const { id } = await runner.begin(context, request, work);
    await started;
    await settle();
    const other = new OperationRunner({
      database,
      unitOfWork,
      clock,
      ids: createIdSource(clock, seededRandom(98)),
      log: silentLogger,
    });
    const stop = new AbortController();
    const seen: OperationRecord[] = [];
    const watch = (async () => {
      for await (const each of other.watch({ workspace: 'default', id }, stop.signal)) seen.push(each);
    })();
    const ended = expect(watch).rejects.toThrow('enough');
    await settle();
    await clock.advance(3_000);
    expect(seen.map(({ state }) => state)).toEqual(['running']);
    (await started).progress(5);
    await settle();
    expect(seen).toHaveLength(1); // nobody told this process
    await clock.advance(1_000);
    expect(seen.at(-1)?.done).toBe(5n);
    stop.abort(new Error('enough'));
    await ended;
    end();
    await settle();
  });
});
