import { INT64_MAX, INT64_MIN, type Clock } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { comparePoints, type MetricPoint } from '../domain/metric.ts';
import { createExperiment, markExperiment, updateExperiment } from '../domain/use-cases/change-experiments.ts';
import { deleteRunTag, markRun, updateRun } from '../domain/use-cases/change-run.ts';
import { createRun } from '../domain/use-cases/create-run.ts';
import { logBatch } from '../domain/use-cases/log-batch.ts';
import { logInputs } from '../domain/use-cases/log-inputs.ts';
import { logMetrics } from '../domain/use-cases/log-metrics.ts';
import { getExperiment } from '../domain/use-cases/read-experiments.ts';
import { getMetricHistory, getRun } from '../domain/use-cases/read-runs.ts';
import { ManualClock } from './manual-clock.ts';
import { newRun, point, streamOf, trackingFixture } from './tracking-fixture.ts';
import { callBy, type TrackingHarness } from './tracking-harness.ts';

const alice = callBy('alice');
const other = callBy('carol', 'other');
const EDGES = { pageSize: 1_000, pageToken: '' };
const batch = { metrics: [], params: {}, tags: {} };

const int64 = fc.oneof(fc.constantFrom(INT64_MIN, INT64_MAX, 0n, 2n ** 53n + 1n), fc.bigInt(-3n, 3n));
const time = fc.oneof(fc.constantFrom(0n, INT64_MAX, 2n ** 53n + 1n), fc.bigInt(0n, 3n));
const double = fc.oneof(
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1 + 0.2),
  fc.double(),
);
const points = fc.array(fc.record({ key: fc.constantFrom('a', 'b/c'), value: double, step: int64, timestamp: time }), {
  maxLength: 40,
});

/** What the state of tracking does, by the use cases; for the database and for its fake. */
export function trackingStoreSuite(name: string, make: (clock: Clock) => Promise<TrackingHarness>): void {
  describe(`tracking store: ${name}`, () => {
    let clock: ManualClock;
    let harness: TrackingHarness;
    let deps: TrackingDependencies;
    beforeEach(async () => {
      clock = new ManualClock();
      harness = await make(clock);
      deps = trackingFixture(harness.unitOfWork, clock);
    });
    afterEach(() => harness.stop());

    const experiment = (label: string, requestId = '') =>
      createExperiment(alice, { name: label, tags: {}, artifactLocation: '', requestId }, deps);
    const history = async (runId: string, key: string, pageSize = 1_000) => {
      const found: MetricPoint[] = [];
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const page = await getMetricHistory(alice, { runId, key, pageSize, pageToken }, deps);
        found.push(...page.items);
        pageToken = page.nextPageToken;
      }
      return found;
    };

    describe('experiments', () => {
      it('gives every workspace its Default and counts from 1 in each', async () => {
        expect(await getExperiment(other, { id: 0n }, deps)).toMatchObject({ name: 'Default', deleted: false });
        expect((await experiment('one')).id).toBe(1n);
        expect((await experiment('two')).id).toBe(2n);
        expect(
          (await createExperiment(other, { name: 'one', tags: {}, artifactLocation: '', requestId: '' }, deps)).id,
        ).toBe(1n);
      });

      it('does not make Default again once it is deleted, also after a restart', async () => {
        await markExperiment(alice, { id: 0n, deleted: true }, deps);
        const restarted = trackingFixture(harness.unitOfWork, clock);
        expect(await getExperiment(alice, { id: 0n }, restarted)).toMatchObject({ name: 'Default', deleted: true });
        await expect(newRun(restarted, alice)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_ACTIVE' });
      });

      it('keeps names apart, those of deleted ones too', async () => {
        const { id } = await experiment('taken');
        await markExperiment(alice, { id, deleted: true }, deps);
        await expect(experiment('taken')).rejects.toMatchObject({
          reason: 'EXPERIMENT_ALREADY_EXISTS',
          message: 'Experiment(name=taken) already exists.',
        });
        const free = await experiment('free');
        const rename = { id: free.id, name: 'taken', setTags: {}, removeTags: [] };
        await expect(updateExperiment(alice, rename, deps)).rejects.toMatchObject({
          reason: 'EXPERIMENT_ALREADY_EXISTS',
        });
      });

      it('answers a repeat as the first time, and refuses the id for another request', async () => {
        const first = await experiment('once', 'request-1');
        expect(await experiment('once', 'request-1')).toEqual(first);
        await expect(experiment('twice', 'request-1')).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' });
      });

      it('renames, sets and removes tags; a deleted one takes no change', async () => {
        const { id } = await createExperiment(
          alice,
          { name: 'e', tags: { a: '1', b: '2' }, artifactLocation: '', requestId: '' },
          deps,
        );
        clock.advance(5);
        const next = await updateExperiment(alice, { id, name: 'f', setTags: { c: '3' }, removeTags: ['a'] }, deps);
        expect(next).toMatchObject({ name: 'f', tags: { b: '2', c: '3' } });
        expect(next.lastUpdateTime).toBe(next.creationTime + 5n);
        expect(await getExperiment(alice, { name: 'f' }, deps)).toEqual(next);
        await markExperiment(alice, { id, deleted: true }, deps);
        const again = { id, name: 'g', setTags: {}, removeTags: [] };
        await expect(updateExperiment(alice, again, deps)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_ACTIVE' });
      });

      it('takes its runs along when it is deleted and restored; twice is NOT_FOUND', async () => {
        const { id } = await experiment('e');
        const { run } = await newRun(deps, alice, { experimentId: id });
        const aside = await newRun(deps, alice);
        await markExperiment(alice, { id, deleted: true }, deps);
        expect((await getRun(alice, { runId: run.runId }, deps)).run.deleted).toBe(true);
        expect((await getRun(alice, { runId: aside.run.runId }, deps)).run.deleted).toBe(false);
        const twice = markExperiment(alice, { id, deleted: true }, deps);
        await expect(twice).rejects.toMatchObject({ message: `No Experiment with id=${id} exists` });
        await markExperiment(alice, { id, deleted: false }, deps);
        expect((await getRun(alice, { runId: run.runId }, deps)).run.deleted).toBe(false);
        const restored = markExperiment(alice, { id, deleted: false }, deps);
        await expect(restored).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
      });

      it('shows nothing to another workspace', async () => {
        const { id } = await experiment('mine');
        const { run } = await newRun(deps, alice, { experimentId: id });
        await expect(getExperiment(other, { id }, deps)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
        await expect(getExperiment(other, { name: 'mine' }, deps)).rejects.toMatchObject({
          message: "Could not find experiment with name 'mine'",
        });
        await expect(getRun(other, { runId: run.runId }, deps)).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
        const foreign = logBatch(other, { runId: run.runId, ...batch, params: { p: '1' } }, deps);
        await expect(foreign).rejects.toMatchObject({ message: `Run with id=${run.runId} not found` });
      });
    });

    describe('runs', () => {
      it('mirrors the name in its tag, whoever changes it', async () => {
        const made = await newRun(deps, alice, { name: 'first' });
        const { runId } = made.run;
        expect(made.run.runId).toMatch(/^[0-9a-f]{32}$/);
        expect(made.tags).toEqual({ 'mlflow.runName': 'first' });
        const renamed = await updateRun(alice, { runId, name: 'second', status: undefined, endTime: undefined }, deps);
        expect(renamed).toMatchObject({ run: { status: 'RUNNING' }, tags: { 'mlflow.runName': 'second' } });
        await logBatch(alice, { runId, ...batch, tags: { 'mlflow.runName': 'third' } }, deps);
        expect(await getRun(alice, { runId }, deps)).toMatchObject({
          run: { name: 'third' },
          tags: { 'mlflow.runName': 'third' },
        });
      });

      it('takes the name of the tag, makes one when there is none, refuses two', async () => {
        const tagged = await newRun(deps, alice, { tags: { 'mlflow.runName': 'tagged' } });
        expect(tagged.run.name).toBe('tagged');
        const unnamed = await newRun(deps, alice);
        expect(unnamed.run.name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
        expect(unnamed.tags['mlflow.runName']).toBe(unnamed.run.name);
        const two = newRun(deps, alice, { name: 'one', tags: { 'mlflow.runName': 'two' } });
        await expect(two).rejects.toMatchObject({ reason: 'RUN_NAME_MISMATCH' });
      });

      it('answers a repeated creation with the first run', async () => {
        const draft = { experimentId: 0n, name: '', userId: '', startTime: undefined, tags: {}, requestId: 'r-1' };
        const first = await createRun(alice, draft, deps);
        expect(await createRun(alice, draft, deps)).toEqual(first);
      });

      it('is an event exactly when a final status follows one that is not', async () => {
        const { run } = await newRun(deps, alice, { name: 'r', startTime: 7n });
        const { runId } = run;
        const dataset = { name: 'd', digest: 'x', sourceType: 's', source: '', schema: '', profile: '' };
        await logInputs(alice, { runId, inputs: [{ dataset, tags: {} }], models: [] }, deps);
        const set = (status: 'RUNNING' | 'FINISHED' | 'FAILED' | undefined, endTime?: bigint) =>
          updateRun(alice, { runId, name: undefined, status, endTime }, deps);
        await set(undefined);
        await set('FINISHED', 9n);
        await set('FAILED');
        expect((await set('RUNNING')).run.endTime).toBeUndefined();
        const facts = () => harness.facts();
        expect(await facts()).toEqual([
          {
            workspace: 'default',
            type: 'slipway.tracking.run.finished.v1',
            key: runId,
            data: {
              run_id: runId,
              experiment_id: '0',
              run_name: 'r',
              status: 'FINISHED',
              start_time: '7',
              end_time: '9',
              principal: 'alice',
              dataset_digests: ['x'],
            },
          },
        ]);
        await set('FAILED');
        expect((await facts()).map(({ data }) => data['status'])).toEqual(['FINISHED', 'FAILED']);
      });

      it('refuses every write to a deleted run; deleting and restoring are idempotent', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        for (const deleted of [true, true]) await markRun(alice, { runId, deleted }, deps);
        const refusal = {
          reason: 'RUN_NOT_ACTIVE',
          message: `The run ${runId} must be in the 'active' state. Current state is deleted.`,
        };
        const dataset = { name: 'd', digest: 'x', sourceType: 's', source: '', schema: '', profile: '' };
        const writes = [
          () => logBatch(alice, { runId, ...batch, metrics: [point('m', 1)] }, deps),
          () => logBatch(alice, { runId, ...batch, tags: { 'mlflow.runName': 'n' } }, deps),
          () => updateRun(alice, { runId, name: 'n', status: undefined, endTime: undefined }, deps),
          () => deleteRunTag(alice, { runId, key: 'mlflow.runName' }, deps),
          () => logInputs(alice, { runId, inputs: [{ dataset, tags: {} }], models: [] }, deps),
          () => deps.metrics.append('default', runId, [point('m', 1)]),
        ];
        for (const write of writes) await expect(write()).rejects.toMatchObject(refusal);
        for (const deleted of [false, false]) await markRun(alice, { runId, deleted }, deps);
        expect(await getRun(alice, { runId }, deps)).toMatchObject({
          run: { deleted: false },
          metrics: [],
          datasets: [],
        });
      });

      it('keeps datasets by name and digest; the first description stays', async () => {
        const { run } = await newRun(deps, alice);
        const dataset = (source: string) => ({
          name: 'd',
          digest: 'x',
          sourceType: 's',
          source,
          schema: '{}',
          profile: '',
        });
        await logInputs(
          alice,
          { runId: run.runId, inputs: [{ dataset: dataset('a'), tags: { t: '1' } }], models: [] },
          deps,
        );
        await logInputs(
          alice,
          { runId: run.runId, inputs: [{ dataset: dataset('b'), tags: { t: '2' } }], models: [] },
          deps,
        );
        const expected = [{ dataset: dataset('a'), tags: { t: '1' } }];
        expect((await getRun(alice, { runId: run.runId }, deps)).datasets).toEqual(expected);
        const second = await newRun(deps, alice);
        await logInputs(
          alice,
          { runId: second.run.runId, inputs: [{ dataset: dataset('c'), tags: { t: '3' } }], models: [] },
          deps,
        );
        expect((await getRun(alice, { runId: second.run.runId }, deps)).datasets).toEqual([
          { dataset: dataset('a'), tags: { t: '3' } },
        ]);
      });

      it('writes an audit row for each change, and none for points', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        await logBatch(alice, { runId, ...batch, metrics: [point('m', 1)] }, deps);
        await logBatch(alice, { runId, ...batch, params: { p: '1' } }, deps);
        await markRun(alice, { runId, deleted: true }, deps);
        await markRun(alice, { runId, deleted: true }, deps);
        expect((await harness.audit()).map(({ action }) => action)).toEqual([
          'tracking.runs.create',
          'tracking.runs.log',
          'tracking.runs.delete',
        ]);
      });
    });

    describe('batches', () => {
      it('takes the same parameter again and refuses another value, with nothing of the batch', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        await logBatch(alice, { runId, ...batch, params: { lr: '0.1' } }, deps);
        await logBatch(alice, { runId, ...batch, params: { lr: '0.1', depth: '' } }, deps);
        const changed = logBatch(
          alice,
          { runId, params: { lr: '0.2', new: '1' }, tags: { t: '1' }, metrics: [point('m', 1)] },
          deps,
        );
        await expect(changed).rejects.toMatchObject({
          reason: 'PARAM_CHANGED',
          message: expect.stringContaining('Changing param values is not allowed') as string,
        });
        expect(await getRun(alice, { runId }, deps)).toMatchObject({
          params: { lr: '0.1', depth: '' },
          tags: { 'mlflow.runName': run.name },
          metrics: [],
        });
      });

      it('cuts values that are too long, when it is told to', async () => {
        const { run } = await newRun(deps, alice);
        const long = { params: { p: '😀'.repeat(6_001) }, tags: { t: 'y'.repeat(8_001) }, metrics: [] };
        await expect(logBatch(alice, { runId: run.runId, ...long }, deps)).rejects.toMatchObject({
          reason: 'ENTRY_INVALID',
        });
        await logBatch(alice, { runId: run.runId, ...long, truncateLongValues: true }, deps);
        const { params, tags } = await getRun(alice, { runId: run.runId }, deps);
        expect([params['p'], tags['t']]).toEqual(['😀'.repeat(6_000), 'y'.repeat(8_000)]);
      });

      it('keeps the last value of a tag and deletes one', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        for (const value of ['1', '2']) await logBatch(alice, { runId, ...batch, tags: { t: value } }, deps);
        expect((await getRun(alice, { runId }, deps)).tags['t']).toBe('2');
        await deleteRunTag(alice, { runId, key: 't' }, deps);
        await expect(deleteRunTag(alice, { runId, key: 't' }, deps)).rejects.toMatchObject({
          message: `No tag with name: t in run with id ${runId}`,
        });
      });

      it('for all points: each is there once and exact, in order; the latest is the greatest', async () => {
        const exact = ({ key, value, step, timestamp }: MetricPoint) =>
          `${key} ${step} ${timestamp} ${Object.is(value, -0) ? '-0' : value}`;
        await fc.assert(
          fc.asyncProperty(points, points, async (first, second) => {
            const { run } = await newRun(deps, alice);
            const { runId } = run;
            await logBatch(alice, { runId, ...batch, metrics: first }, deps);
            await deps.metrics.append('default', runId, [...second, ...first]);
            const all = [...first, ...second];
            for (const key of ['a', 'b/c']) {
              const expected = new Map(all.filter((each) => each.key === key).map((each) => [exact(each), each]));
              const sorted = [...expected.values()].sort(comparePoints);
              expect((await history(runId, key, 7)).map(exact)).toEqual(sorted.map(exact));
              const { metrics } = await getRun(alice, { runId }, deps);
              expect(metrics.filter((each) => each.key === key).map(exact)).toEqual(sorted.slice(-1).map(exact));
            }
          }),
          { numRuns: 25, seed: 20_010_401 },
        );
      });

      it('keeps the latest right under writers at the same time', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        const writers = Array.from({ length: 8 }, async (_, writer) => {
          for (let round = 0; round < 5; round += 1) {
            const step = (round * 8 + writer) ^ 5; // not in order
            const metrics = [point('b', step, step), point('a', -step, step), point('a', 0, 0)];
            await logBatch(alice, { runId, ...batch, metrics }, deps);
          }
        });
        await Promise.all(writers);
        const { metrics } = await getRun(alice, { runId }, deps);
        const last = Math.max(...Array.from({ length: 40 }, (_, at) => at ^ 5));
        expect(metrics).toEqual([point('a', -last, last), point('b', last, last)]);
        expect(await history(runId, 'b')).toHaveLength(40);
        const steps = (await history(runId, 'a')).map(({ step }) => Number(step));
        expect(steps.filter((step) => step > 0).sort((left, right) => left - right)).toEqual(
          Array.from({ length: 39 }, (_, index) => index + 1),
        );
      });

      it('refuses a token of another history', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        await logBatch(alice, { runId, ...batch, metrics: [point('a', 1), point('a', 2), point('b', 1)] }, deps);
        const { nextPageToken = '' } = await getMetricHistory(
          alice,
          { runId, key: 'a', pageSize: 1, pageToken: '' },
          deps,
        );
        const foreign = getMetricHistory(alice, { runId, key: 'b', pageSize: 1, pageToken: nextPageToken }, deps);
        await expect(foreign).rejects.toMatchObject({ kind: 'invalid-argument' });
        expect((await getMetricHistory(alice, { runId, key: 'none', ...EDGES }, deps)).items).toEqual([]);
      });
    });

    describe('streams', () => {
      const { signal } = new AbortController();
      const drain = async (messages: readonly { runId: string; points: readonly MetricPoint[] }[]) => {
        const told: bigint[] = [];
        for await (const durable of logMetrics(alice, streamOf(messages), deps, signal)) told.push(durable);
        return told;
      };

      it('acknowledges all points at the end, in growing counts', async () => {
        const { run } = await newRun(deps, alice);
        const messages = Array.from({ length: 30 }, (_, at) => ({
          runId: at === 0 ? run.runId : '',
          points: Array.from({ length: 100 }, (__, index) => point('m', index, at * 100 + index)),
        }));
        const told = await drain(messages);
        expect(told.at(-1)).toBe(3_000n);
        expect(told).toEqual([...new Set(told)].sort((left, right) => Number(left - right)));
        expect((await getRun(alice, { runId: run.runId }, deps)).metrics).toEqual([point('m', 99, 2_999)]);
      });

      it('answers an empty stream of an active run with 0', async () => {
        const { run } = await newRun(deps, alice);
        expect(await drain([{ runId: run.runId, points: [] }])).toEqual([0n]);
      });

      it('stops at the first refusal and says how far it came', async () => {
        const { run } = await newRun(deps, alice);
        const told: bigint[] = [];
        const messages = [
          { runId: run.runId, points: [point('m', 1)] },
          { runId: 'another', points: [point('m', 2)] },
        ];
        const reading = (async () => {
          for await (const durable of logMetrics(alice, streamOf(messages), deps, signal)) told.push(durable);
        })();
        await expect(reading).rejects.toMatchObject({ reason: 'STREAM_ORDER' });
        expect(told).toEqual([1n]);
        expect(await history(run.runId, 'm')).toEqual([point('m', 1)]);
      });

      it('refuses a run that is not there, and one that is deleted, without harm to others', async () => {
        const { run } = await newRun(deps, alice);
        const gone = await newRun(deps, alice);
        await markRun(alice, { runId: gone.run.runId, deleted: true }, deps);
        const outcomes = await Promise.allSettled([
          drain([{ runId: 'nobody', points: [point('m', 1)] }]),
          drain([{ runId: run.runId, points: [point('m', 1)] }]),
          drain([{ runId: gone.run.runId, points: [point('m', 1)] }]),
          drain([{ runId: '', points: [point('m', 1)] }]),
        ]);
        expect(outcomes).toMatchObject([
          { status: 'rejected', reason: { reason: 'RUN_NOT_FOUND' } },
          { status: 'fulfilled', value: [1n] },
          { status: 'rejected', reason: { reason: 'RUN_NOT_ACTIVE' } },
          { status: 'rejected', reason: { reason: 'STREAM_ORDER' } },
        ]);
      });
    });
  });
}
