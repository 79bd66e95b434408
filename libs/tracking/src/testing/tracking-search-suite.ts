import type { Clock } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { project } from '../domain/run-projection.ts';
import type { RunView } from '../domain/run.ts';
import { parseRunFilter, parseRunOrder } from '../domain/search/run-search.ts';
import { createExperiment, markExperiment } from '../domain/use-cases/change-experiments.ts';
import { markRun, updateRun } from '../domain/use-cases/change-run.ts';
import { logBatch } from '../domain/use-cases/log-batch.ts';
import { logInputs } from '../domain/use-cases/log-inputs.ts';
import { searchExperiments } from '../domain/use-cases/read-experiments.ts';
import { getRun, searchRuns, type SearchRuns } from '../domain/use-cases/read-runs.ts';
import { runOrder } from './in-memory-order.ts';
import { ManualClock } from './manual-clock.ts';
import { matches, runHolds } from './matches.ts';
import { newRun, point, trackingFixture } from './tracking-fixture.ts';
import { callBy, type TrackingHarness } from './tracking-harness.ts';

const alice = callBy('alice');
const WORDS = ['', 'a', 'A', 'ab', 'aB%', 'a_b', 'ä', 'Ä', '*', 'x[y]', '?', "it's", '\\', '😀z'];
const NUMBERS = [Number.NaN, Infinity, -Infinity, -1.5, -0, 0, 0.1, 1, 2];

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const pattern = fc
  .array(fc.constantFrom('%', '_', 'a', 'b', 'A', '*', '[', ']', '?', 'ä', '\\', '😀'), { maxLength: 4 })
  .map((signs) => signs.join(''));
const textCondition = (field: string) =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '!='), fc.constantFrom(...WORDS))
      .map(([op, word]) => `${field} ${op} ${quoted(word)}`),
    fc.tuple(fc.constantFrom('LIKE', 'ilike'), pattern).map(([op, text]) => `${field} ${op} ${quoted(text)}`),
  );
const comparator = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const numberText = fc.constantFrom('0', '-0', '0.1', '1', '-1.5', '+2', '1e400', '99999999999999999999', '.5');
const condition = fc.oneof(
  fc.tuple(fc.constantFrom('metrics.m', 'metric.`n o`'), comparator, numberText).map((parts) => parts.join(' ')),
  fc
    .constantFrom('params.p', 'parameter."q r"', 'tags.t', 'run_name', 'attributes.user_id', 'dataset.name')
    .chain(textCondition),
  fc
    .tuple(fc.constantFrom('start_time', 'attr.end_time', 'Created'), comparator, numberText)
    .map((parts) => parts.join(' ')),
  fc.constantFrom(
    'metrics.m IS NULL',
    'params.p is not null',
    'tags.t IS NULL',
    'end_time IS NULL',
    "status = 'FINISHED'",
    "datasets.context != 'training'",
    "dataset.name IN ('a', 'A')",
    "datasets.digest NOT IN ('x')",
    "artifact_uri LIKE '%/artifacts'",
  ),
);
const { expression: nested } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    condition,
    fc
      .tuple(tie('expression'), fc.constantFrom(' AND ', ' or ', ' OR '), tie('expression'))
      .map(([left, word, right]) => left + word + right),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `not ${inner}`),
  ),
}));
const filter = fc.oneof(fc.constant(''), nested);
const orderBy = fc
  .uniqueArray(
    fc.constantFrom('metrics.m', 'params.p', 'tags.t', 'run_name', 'start_time', 'end_time', 'status', 'metrics.`n o`'),
    { maxLength: 3 },
  )
  .chain((fields) => fc.tuple(...fields.map((field) => fc.constantFrom(field, `${field} DESC`, `${field} asc`))));

const newestFirst = runOrder([]);

/** What searches find, against a plain reading of the filter over all runs. */
export function trackingSearchSuite(name: string, make: (clock: Clock) => Promise<TrackingHarness>): void {
  describe(`tracking search: ${name}`, () => {
    let harness: TrackingHarness;
    let deps: TrackingDependencies;
    let all: readonly RunView[];
    let [first, second] = [0n, 0n];

    beforeAll(async () => {
      const clock = new ManualClock();
      harness = await make(clock);
      deps = trackingFixture(harness.unitOfWork, clock);
      first = (
        await createExperiment(
          alice,
          { name: 'first', tags: { team: 'Ops' }, artifactLocation: '', requestId: '' },
          deps,
        )
      ).id;
      clock.advance(10);
      second = (await createExperiment(alice, { name: 'Second', tags: {}, artifactLocation: '', requestId: '' }, deps))
        .id;
      all = await seedRuns(deps, first, second);
    });
    afterAll(() => harness.stop());

    const ask = (more: Partial<SearchRuns>) => {
      const query = {
        experiments: [first, second],
        filter: '',
        view: 'active',
        orderBy: [],
        pageSize: 100,
        pageToken: '',
      };
      return searchRuns(alice, { ...query, ...more } as SearchRuns, deps);
    };
    const idsOf = (views: readonly RunView[]): string[] => views.map(({ run }) => run.runId);

    it('for all filters and orders: finds what a plain reading finds, page by page', async () => {
      await fc.assert(
        fc.asyncProperty(
          filter,
          orderBy,
          fc.constantFrom('active' as const, 'deleted' as const, 'all' as const),
          fc.integer({ min: 1, max: 9 }),
          async (text, order, view, pageSize) => {
            const expression = parseRunFilter(text);
            const expected = all
              .filter(({ run }) => view === 'all' || run.deleted === (view === 'deleted'))
              .filter((each) => matches(expression, each, runHolds))
              .toSorted(runOrder(parseRunOrder(order)));
            const found: RunView[] = [];
            for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
              const page = await ask({ filter: text, orderBy: order, view, pageSize, pageToken });
              found.push(...page.items);
              pageToken = page.nextPageToken;
            }
            expect(idsOf(found)).toEqual(idsOf(expected));
            expect(found).toEqual(expected);
          },
        ),
        { numRuns: 300, seed: 20_010_402 },
      );
    });

    it('finds runs by their ids, of the experiments that are asked for alone', async () => {
      const ids = idsOf(all).slice(0, 3);
      const list = ids.map(quoted).join(', ');
      const found = await ask({ filter: `run_id IN (${list})`, view: 'all' });
      expect(idsOf(found.items).sort()).toEqual([...ids].sort());
      const one = await ask({ experiments: [second], view: 'all' });
      expect(idsOf(one.items).sort()).toEqual(idsOf(all.filter(({ run }) => run.experimentId === second)).sort());
      expect((await ask({ experiments: [] })).items).toEqual([]);
      expect((await ask({ experiments: [77n] })).items).toEqual([]);
      const everything: SearchRuns = {
        experiments: [first, second],
        filter: '',
        view: 'all',
        orderBy: [],
        pageSize: 100,
        pageToken: '',
      };
      expect((await searchRuns(callBy('alice', 'other'), everything, deps)).items).toEqual([]);
    });

    it('for all projections: answers with what is asked for, and no more', async () => {
      const keys = (...known: string[]) => fc.oneof(fc.constant('all' as const), fc.subarray([...known, 'absent']));
      await fc.assert(
        fc.asyncProperty(
          keys('m', 'n o'),
          keys('p', 'q r'),
          keys('t', 'mlflow.runName'),
          fc.boolean(),
          async (metrics, params, tags, inputs) => {
            const projection = { metrics, params, tags, inputs };
            const found = await ask({ projection, view: 'all' });
            expect(found.items).toEqual(all.toSorted(newestFirst).map((view) => project(view, projection)));
          },
        ),
        { numRuns: 40, seed: 7 },
      );
    });

    it('ends a page that is long before it is full, and goes on behind it', async () => {
      const found: RunView[] = [];
      let pages = 0;
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const page = await ask({ view: 'all', pageSize: 50_000, charsMax: 2_000, pageToken });
        expect(page.items.length).toBeGreaterThan(0);
        found.push(...page.items);
        pages += 1;
        pageToken = page.nextPageToken;
      }
      expect(pages).toBeGreaterThan(3);
      expect(pages).toBeLessThan(all.length);
      expect(found).toEqual(all.toSorted(newestFirst));
      const tiny = await ask({ view: 'all', charsMax: 0 });
      expect(tiny.items).toHaveLength(1);
    });

    it('refuses a token of another search', async () => {
      const { nextPageToken = '' } = await ask({ pageSize: 2 });
      expect(nextPageToken).not.toBe('');
      for (const other of [
        { filter: 'start_time > 0' },
        { orderBy: ['end_time'] },
        { view: 'all' as const },
        { experiments: [first] },
      ]) {
        await expect(ask({ ...other, pageToken: nextPageToken })).rejects.toMatchObject({ kind: 'invalid-argument' });
      }
      await expect(ask({ pageToken: 'nonsense' })).rejects.toMatchObject({ kind: 'invalid-argument' });
    });

    it('searches experiments by name, tags and times', async () => {
      const find = async (text: string, order: readonly string[] = [], view: 'active' | 'all' = 'active') => {
        const query = { filter: text, orderBy: order, view, pageSize: 50_000, charsMax: 0, pageToken: '' };
        const names: string[] = [];
        for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
          const page = await searchExperiments(alice, { ...query, pageToken }, deps);
          expect(page.items.length).toBeLessThanOrEqual(1);
          names.push(...page.items.map((each) => each.name));
          pageToken = page.nextPageToken;
        }
        return names;
      };
      expect(await find('')).toEqual(['Second', 'Default', 'first']);
      expect(await find('', ['name'])).toEqual(['Default', 'Second', 'first']);
      expect(await find("name LIKE 's%'")).toEqual([]);
      expect(await find("name ILIKE 's%'")).toEqual(['Second']);
      expect(await find("tags.team = 'Ops'")).toEqual(['first']);
      expect(await find("tags.team != 'x'")).toEqual(['first']);
      expect(await find("NOT tags.team = 'Ops' AND (name = 'first' OR name ILIKE 'sec%')")).toEqual(['Second']);
      expect(await find('creation_time > 1000000000000')).toEqual(['Second']);
      await markExperiment(alice, { id: second, deleted: true }, deps);
      expect(await find('')).toEqual(['Default', 'first']);
      expect(await find('', ['experiment_id DESC'], 'all')).toEqual(['Second', 'first', 'Default']);
      await markExperiment(alice, { id: second, deleted: false }, deps);
    });
  });
}

async function seedRuns(deps: TrackingDependencies, first: bigint, second: bigint): Promise<readonly RunView[]> {
  const ids: string[] = [];
  for (let index = 0; index < 28; index += 1) {
    const word = WORDS[index % WORDS.length] ?? '';
    const { run } = await newRun(deps, alice, {
      experimentId: index % 5 === 0 ? second : first,
      name: index % 2 === 0 ? word : '',
      userId: WORDS[(index + 3) % WORDS.length] ?? '',
      startTime: BigInt((index % 4) + 1),
    });
    const { runId } = run;
    ids.push(runId);
    const value = NUMBERS[index % NUMBERS.length] ?? 0;
    const metrics = index % 6 === 0 ? [] : [point('m', 7, -1), point('m', value), point('n o', -value)];
    const params: Record<string, string> = index % 3 === 0 ? {} : { p: word, 'q r': word };
    const tags: Record<string, string> = index % 4 === 0 ? {} : { t: WORDS[(index * 5) % WORDS.length] ?? '' };
    await logBatch(alice, { runId, metrics, params, tags }, deps);
    if (index % 3 === 0) {
      const dataset = {
        name: word || 'none',
        digest: index % 2 === 0 ? 'x' : 'y',
        sourceType: 's',
        source: '',
        schema: '',
        profile: '',
      };
      const context: Record<string, string> = index % 2 === 0 ? { 'mlflow.data.context': 'training' } : {};
      const other = { ...dataset, name: 'A', digest: 'z' };
      await logInputs(
        alice,
        {
          runId,
          inputs: [
            { dataset, tags: context },
            { dataset: other, tags: {} },
          ],
          models: [],
        },
        deps,
      );
    }
    if (index % 2 === 1) {
      await updateRun(alice, { runId, name: undefined, status: 'FINISHED', endTime: BigInt(index % 3) }, deps);
    }
    if (index % 7 === 0) await markRun(alice, { runId, deleted: true }, deps);
  }
  return Promise.all(ids.map((runId) => getRun(alice, { runId }, deps)));
}
