import type { Clock } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { RunPoint } from '../domain/histories.ts';
import { comparePoints, type MetricPoint } from '../domain/metric.ts';
import { logBatch } from '../domain/use-cases/log-batch.ts';
import {
  getMetricHistories,
  sampleMetricHistories,
  type SampleMetricHistories,
} from '../domain/use-cases/read-histories.ts';
import { getMetricHistory } from '../domain/use-cases/read-runs.ts';
import { ManualClock } from './manual-clock.ts';
import { sampled } from './sampled.ts';
import { newRun, point, trackingFixture } from './tracking-fixture.ts';
import { callBy, type TrackingHarness } from './tracking-harness.ts';

const alice = callBy('alice');
const RUNS = 3;

const value = fc.oneof(
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 1),
  fc.double({ min: -1e3, max: 1e3, noNaN: true }),
);
const steps = fc.oneof(
  fc.integer({ min: -5, max: 60 }).map(BigInt),
  fc.constantFrom(0n, 0n, 2n ** 62n, 2n ** 53n + 1n),
);
const history = fc.array(fc.tuple(steps, fc.integer({ min: 1, max: 3 }), value), { maxLength: 60 });
const range = fc.option(
  fc.tuple(steps, steps).map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a })),
  { nil: undefined, freq: 2 },
);

const unique = (points: readonly MetricPoint[]): readonly MetricPoint[] => {
  const sorted = points.toSorted(comparePoints);
  return sorted.filter((each, at) => at === 0 || comparePoints(sorted[at - 1] ?? each, each) !== 0);
};

/** Histories of several runs, whole and sampled. */
export function trackingHistorySuite(name: string, make: (clock: Clock) => Promise<TrackingHarness>): void {
  describe(`tracking histories: ${name}`, () => {
    let harness: TrackingHarness;
    let deps: TrackingDependencies;

    beforeAll(async () => {
      const clock = new ManualClock();
      harness = await make(clock);
      deps = trackingFixture(harness.unitOfWork, clock);
    });
    afterAll(() => harness.stop());

    const runWith = async (points: readonly MetricPoint[]): Promise<string> => {
      const { run } = await newRun(deps, alice);
      for (let at = 0; at < points.length; at += 1_000) {
        const metrics = points.slice(at, at + 1_000);
        await logBatch(alice, { runId: run.runId, metrics, params: {}, tags: {} }, deps);
      }
      return run.runId;
    };
    const sample = (runIds: readonly string[], more: Partial<SampleMetricHistories> = {}) =>
      sampleMetricHistories(
        alice,
        { runIds, keys: ['m'], method: 'extremes', range: undefined, pointsMax: 8, ...more },
        deps,
      );
    const stepsOf = (points: readonly MetricPoint[] = []): number[] => points.map(({ step }) => Number(step));

    it('for all histories, methods and ranges: samples as a plain reading does', async () => {
      let key = 0;
      const runIds = await Promise.all(Array.from({ length: RUNS }, () => runWith([])));
      await fc.assert(
        fc.asyncProperty(
          fc.array(history, { minLength: RUNS, maxLength: RUNS }),
          range,
          fc.integer({ min: 1, max: 20 }),
          async (histories, within, pointsMax) => {
            const metric = `m${(key += 1)}`;
            const all = histories.map((points, run) => ({
              runId: runIds[run] ?? '',
              points: unique(points.map(([step, time, number]) => point(metric, number, step, time))),
            }));
            for (const { runId, points } of all) {
              await logBatch(alice, { runId, metrics: points, params: {}, tags: {} }, deps);
            }
            for (const method of ['steps', 'extremes'] as const) {
              const query = { runIds, keys: [metric], method, range: within, pointsMax };
              const expected = sampled(metric, all, query);
              expect(await sampleMetricHistories(alice, query, deps)).toEqual(expected);
            }
          },
        ),
        { numRuns: 60, seed: 20_260_105 },
      );
    });

    it('keeps the spikes of a long history, and the ends of its buckets', async () => {
      const points = Array.from({ length: 5_000 }, (_, step) => point('m', step % 7, step));
      const spiked = points.map((each, at) => (at === 1_234 ? { ...each, value: 1e9 } : each));
      const holed = spiked.map((each, at) => (at === 4_001 ? { ...each, value: Number.NaN } : each));
      const runId = await runWith(holed);
      const [series] = await sample([runId]);
      expect(series?.count).toBe(5_000n);
      expect(stepsOf(series?.points)).toEqual([0, 1_234, 2_499, 2_500, 2_505, 2_506, 4_999]);
    });

    it('takes steps as MLflow does: evenly, the ends of every run among them', async () => {
      const long = await runWith(Array.from({ length: 10 }, (_, step) => point('m', step, step)));
      const short = await runWith([point('m', 1, 3), point('m', 2, 3), point('m', 3, 7)]);
      const taken = await sample([short, long], { method: 'steps', pointsMax: 3 });
      expect(taken.map(({ runId, points }) => [runId, stepsOf(points)])).toEqual([
        [short, [3, 3, 7]],
        [long, [0, 3, 6, 7, 9]],
      ]);
    });

    it('leaves out series without a point, answers by run and key as asked for, and refuses what is not there', async () => {
      const one = await runWith([point('b', 1), point('a', 2)]);
      const other = await runWith([point('a', 3)]);
      const found = await sample([other, one], { keys: ['b', 'a'] });
      expect(found.map(({ runId, key }) => [runId, key])).toEqual([
        [other, 'a'],
        [one, 'b'],
        [one, 'a'],
      ]);
      expect(await sample([one], { range: { first: 5n, last: 9n } })).toEqual([]);
      await expect(sample(['0'.repeat(32)])).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
      await expect(sample([one], { range: { first: 2n, last: 1n } })).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
      await expect(
        sampleMetricHistories(
          callBy('alice', 'other'),
          { runIds: [one], keys: ['a'], method: 'steps', range: undefined, pointsMax: 1 },
          deps,
        ),
      ).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
    });

    it('pages through the histories of several runs, exact to the last bit', async () => {
      const edges = [-(2n ** 63n), -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n];
      const first = await runWith(edges.map((step) => point('m', 0.1, step, 2n ** 63n - 1n)));
      const none = await runWith([]);
      const last = await runWith([point('m', Number.NaN), point('m', -0), point('m', 0)]);
      const runIds = [last, none, first];
      const found: RunPoint[] = [];
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const page = await getMetricHistories(alice, { runIds, key: 'm', pageSize: 2, pageToken }, deps);
        expect(page.items.length).toBeLessThanOrEqual(2);
        found.push(...page.items);
        pageToken = page.nextPageToken;
      }
      const whole = async (runId: string) => {
        const { items } = await getMetricHistory(alice, { runId, key: 'm', pageSize: 100, pageToken: '' }, deps);
        return items.map((each) => ({ runId, point: each }));
      };
      expect(found).toEqual([...(await whole(last)), ...(await whole(first))]);
      expect(found.slice(3).map((each) => each.point.step)).toEqual(edges);
      expect(found.slice(0, 3).map((each) => each.point.value)).toEqual([-0, 0, Number.NaN]);
      const { nextPageToken = '' } = await getMetricHistories(
        alice,
        { runIds, key: 'm', pageSize: 2, pageToken: '' },
        deps,
      );
      for (const other of [
        { runIds: [last, first], key: 'm' },
        { runIds, key: 'n' },
      ]) {
        await expect(
          getMetricHistories(alice, { ...other, pageSize: 2, pageToken: nextPageToken }, deps),
        ).rejects.toMatchObject({ kind: 'invalid-argument' });
      }
    });
  });
}
