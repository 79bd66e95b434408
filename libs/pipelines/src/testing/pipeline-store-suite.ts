import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, type TestDatabases } from '@slipway/persistence/testing';
import { createPipelineUnitOfWork } from '../store/pipeline-unit-of-work.ts';
import { createRunLedger } from '../store/run-ledger.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { ownCall } from '../domain/dependencies.ts';
import { pendingStep, type PipelineRun } from '../domain/run.ts';
import type { PipelineUnitOfWork, RunLedger } from '../domain/unit-of-work.ts';
import type { TriggerState } from '../domain/trigger-state.ts';
import { openPipelineStore, type TestStore } from './pipeline-installation.ts';

const run = (id: string, changes: Partial<PipelineRun> = {}): PipelineRun => ({
  id,
  pipeline: 'p',
  revision: 1n,
  trigger: '',
  state: 'running',
  parameters: { until: '2001-04-28' },
  causes: [{ kind: 'event', name: 'drift', id: 'e1', time: 981_173_106_123_456n }],
  principal: 'alice',
  createTime: 1n,
  endTime: undefined,
  cancelRequested: false,
  epoch: 0n,
  change: 1n,
  ...changes,
});
const STEPS = [pendingStep({ name: 'b', kind: 'task' }), pendingStep({ name: 'a', kind: 'task' })];
const call = (workspace = 'default') => ownCall(workspace, 'test');

/** What the engine relies on, on a real database. */
export function pipelineStoreSuite(name: string, make: () => Promise<TestDatabases>): void {
  describe(`pipeline store: ${name}`, () => {
    let databases: TestDatabases;
    let store: TestStore;
    let work: PipelineUnitOfWork;
    let ledger: RunLedger;
    beforeEach(async () => {
      databases = await make();
      store = await openPipelineStore(databases, new ManualClock());
      work = createPipelineUnitOfWork(store.unitOfWork, encodeFact);
      ledger = createRunLedger(store.database);
    }, 60_000);
    afterEach(async () => {
      await store.database.close();
      await databases.stop();
    });
    const insert = (each: PipelineRun, cause = each.id, workspace = 'default') =>
      work.run(call(workspace), (tx) => tx.runs.insert(each, STEPS, cause));
    const get = (id: string) => work.read({ workspace: 'default' }, (reads) => reads.runs.get(id));

    it('gives back a run and its steps as they were written, steps in their order', async () => {
      await insert(run('1'));
      const step = {
        ...pendingStep({ name: 'b', kind: 'task' }),
        state: 'succeeded' as const,
        attempts: 2,
        failures: 1,
        result: { version: '3', list: [1, null] },
        message: 'ünï',
        startTime: 1n,
        endTime: 2n ** 53n + 1n,
        deadline: 3n,
        retryAt: 4n,
      };
      await work.run(call(), (tx) => tx.runs.putStep('1', step));
      expect(await get('1')).toEqual({ run: run('1', { change: 2n }), steps: [step, STEPS[1]] });
    });

    it('lets one claimer have a run, and another one when the lease is over; the first one is then held off', async () => {
      await insert(run('1'));
      const [first] = await ledger.claim('one', 100n, 10n, 5);
      expect(first).toMatchObject({ id: '1', owner: 'one', epoch: 1n });
      expect(await ledger.claim('two', 100n, 99n, 5)).toEqual([]);
      const [second] = await ledger.claim('two', 200n, 100n, 5);
      expect(second).toMatchObject({ owner: 'two', epoch: 2n });
      if (!first || !second) throw new Error('not claimed');
      expect(await work.run(call(), (tx) => tx.runs.held(first))).toBeUndefined();
      expect((await work.run(call(), (tx) => tx.runs.held(second)))?.run.epoch).toBe(2n);
      expect(await ledger.renew('one', 300n)).toEqual([]);
      expect(await ledger.renew('two', 300n)).toEqual([{ lease: second, cancelRequested: false }]);
      expect(await ledger.claim('one', 400n, 299n, 5)).toEqual([]);
      // the same owner with an older epoch is held off, too: it may have lost the run in between
      expect(await work.run(call(), (tx) => tx.runs.held({ ...second, epoch: 1n }))).toBeUndefined();
    });

    it('lets nobody have a run that has ended, and gives one that was freed at once', async () => {
      await insert(run('1'));
      await insert(run('2'));
      await ledger.claim('one', 100n, 10n, 5);
      await work.run(call(), async (tx) => {
        await tx.runs.put(run('1', { state: 'failed', endTime: 5n }));
        await tx.runs.free('2');
      });
      expect((await ledger.claim('two', 200n, 11n, 5)).map(({ id }) => id)).toEqual(['2']);
    });

    it('ten claimers at once share the runs without one of them twice', async () => {
      for (let index = 0; index < 20; index += 1) await insert(run(`r${index}`));
      const claimed = await Promise.all(
        Array.from({ length: 10 }, (_, index) => ledger.claim(`owner-${index}`, 100n, 10n, 3)),
      );
      const ids = claimed.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect((await ledger.claim('last', 100n, 10n, 100)).length + ids.length).toBe(20);
    });

    it('refuses a second run of one cause, and keeps workspaces apart', async () => {
      await insert(run('1', { trigger: 'nightly' }), 'tick');
      await expect(insert(run('2', { trigger: 'nightly' }), 'tick')).rejects.toThrow();
      await insert(run('2', { trigger: 'nightly' }), 'tick', 'other');
      expect(await get('2')).toBeUndefined();
      expect(await work.run(call(), (tx) => tx.runs.hasCause('p', 'nightly', 'tick'))).toBe(true);
      expect(await work.run(call(), (tx) => tx.runs.hasCause('p', 'other', 'tick'))).toBe(false);
    });

    it('pages through runs, newest first, and counts those that go on', async () => {
      for (const id of ['1', '2', '3']) await insert(run(id, id === '2' ? { pipeline: 'q' } : {}));
      const list = (pipeline: string | undefined, pageToken: string) =>
        work.read({ workspace: 'default' }, (reads) => reads.runs.list(pipeline, { pageSize: 2, pageToken }));
      const first = await list(undefined, '');
      expect(first.items.map((each) => each.run.id)).toEqual(['3', '2']);
      const second = await list(undefined, first.nextPageToken ?? '');
      expect(second.items.map((each) => [each.run.id, each.steps.length])).toEqual([['1', 2]]);
      expect(second.nextPageToken).toBeUndefined();
      await expect(list('p', first.nextPageToken ?? '')).rejects.toMatchObject({ kind: 'invalid-argument' });
      const active = await work.read({ workspace: 'default' }, (reads) => reads.runs.active('p'));
      expect(active.map(({ id }) => id)).toEqual(['1', '3']);
    });

    it('keeps revisions of a deleted pipeline, counts on after it, and lists what is in force', async () => {
      const revision = (number: bigint, name = 'p') => ({
        name,
        revision: number,
        content: 'x',
        digest: 'a'.repeat(64),
        principal: 'alice',
        updateTime: 7n,
      });
      const put = (number: bigint, name?: string) =>
        work.run(call(), async (tx) => {
          const known = await tx.pipelines.lock(name ?? 'p');
          await tx.pipelines.put(revision(number, name));
          return known;
        });
      expect(await put(1n)).toEqual({ revision: 0n, isDeleted: true });
      await put(1n, 'a');
      await work.run(call(), (tx) => tx.pipelines.delete('p'));
      const reading = <Result>(read: Parameters<typeof work.read<Result>>[1]) =>
        work.read({ workspace: 'default' }, read);
      expect(await reading((reads) => reads.pipelines.current('p'))).toBeUndefined();
      expect(await reading((reads) => reads.pipelines.revision('p', 1n))).toEqual(revision(1n));
      expect(await put(2n)).toEqual({ revision: 1n, isDeleted: true });
      const { items } = await reading((reads) => reads.pipelines.list({ pageSize: 10, pageToken: '' }));
      expect(items.map((each) => [each.name, each.revision])).toEqual([['a', 1n], ['p', 2n]]); // prettier-ignore
    });

    it('finds triggers that are due, in their order, and by type of event', async () => {
      const trigger = (name: string, changes: Partial<TriggerState> = {}): TriggerState => ({
        pipeline: 'p',
        name,
        kind: 'event',
        expression: 'type',
        since: 1n,
        fireAt: undefined,
        lastTime: undefined,
        heldBy: undefined,
        causes: [],
        event: undefined,
        ...changes,
      });
      const full = trigger('b', { fireAt: 20n, lastTime: 2n, heldBy: 'debounce', causes: run('1').causes, event: { day: 'x' } }); // prettier-ignore
      await work.run(call(), async (tx) => {
        await tx.triggers.put(trigger('a', { fireAt: 30n }));
        await tx.triggers.put(full);
        await tx.triggers.put(trigger('c', { kind: 'cron', expression: 'type' }));
      });
      expect((await ledger.due(19n, 9)).map(({ name: each }) => each)).toEqual([]);
      expect((await ledger.due(30n, 9)).map(({ name: each }) => each)).toEqual(['b', 'a']);
      const found = await work.read({ workspace: 'default' }, (reads) => reads.triggers.ofEvent('type'));
      expect(found).toEqual([trigger('a', { fireAt: 30n }), full]);
    });
  });
}
