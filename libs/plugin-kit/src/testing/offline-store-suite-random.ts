import { randomInt } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ColumnSpec, ColumnType } from '../column.ts';
import type { JoinedView, ViewFeature, ViewTable, WindowAggregation } from '../offline-store.ts';
import { START, type Bench, type Row, type Value } from './offline-store-harness.ts';
import { aggregate, keysOf, latestRows, newestArrival, rowAsOf, windowValues } from './offline-store-oracle.ts';

const column = (name: string, type: ColumnType): ColumnSpec => ({ name, type });
// Many small cases go through one call: `case` is one more key, and nothing joins over its borders.
const KEYS = [column('case', 'integer'), column('k', 'string'), column('n', 'integer')];
const NAMES = KEYS.map(({ name }) => name);
const SOURCE = [
  ...KEYS,
  column('e', 'timestamp'),
  column('c', 'timestamp'),
  column('i', 'integer'),
  column('x', 'number'),
  column('s', 'string'),
  column('b', 'boolean'),
  column('u', 'timestamp'),
];
const ENTITY = [column('row', 'integer'), column('stamp', 'timestamp'), ...KEYS, column('t', 'timestamp')];
const CASES_AT_ONCE = 100;

const time = (max: number) => fc.integer({ min: 0, max }).map((micros) => START + BigInt(micros));
const nullable = <T extends Value>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 6 });
const keys = { k: nullable(fc.constantFrom('1', '12', 'a b')), n: nullable(fc.constantFrom(3n, 23n)) };
const sourceRow = fc.record({
  ...keys,
  e: time(12),
  c: time(15),
  i: nullable(
    fc.oneof(fc.constantFrom(-1n, 0n, 1n, 2n ** 53n + 1n, -(2n ** 60n)), fc.bigInt({ min: -1000n, max: 1000n })),
  ),
  x: nullable(
    fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((hundredths) => hundredths / 100) },
      { weight: 2, arbitrary: fc.constantFrom(1e300, -1e300, 1e-300, 5e-324, 0.1, 2 ** 53, -(2 ** 85)) },
      { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
    ),
  ),
  s: nullable(fc.constantFrom('x', 'a text that is longer than twelve bytes', 'ü')),
  b: nullable(fc.boolean()),
  u: nullable(time(3)),
});
const entityRow = fc.record({ ...keys, t: nullable(time(16)) });
const oneCase = fc.record({
  source: fc.array(sourceRow, { maxLength: 14 }),
  entities: fc.array(entityRow, { maxLength: 10 }),
  repeats: fc.nat(3),
});
const batch = fc.record({
  cases: fc.array(oneCase, { minLength: CASES_AT_ONCE, maxLength: CASES_AT_ONCE }),
  ttlMicros: fc.bigInt({ min: 1n, max: 6n }),
  windows: fc.tuple(fc.bigInt({ min: 0n, max: 8n }), fc.bigInt({ min: 1n, max: 2n ** 62n })),
  arrivedAfter: fc.integer({ min: 0, max: 900 }),
  arrivals: fc.record({
    after: fc.nat(200),
    count: fc.nat(900),
    until: fc.option(time(14), { nil: undefined }),
  }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

/** For all small tables: the join and the latest rows are those of the oracle, for every time to live, cut-off, window and kind of value. */
export function randomContract(bench: () => Bench, cases: number): void {
  const batches = Math.ceil(cases / CASES_AT_ONCE);
  it(`agrees with nested loops on ${batches * CASES_AT_ONCE} random tables`, { timeout: 600_000 }, async () => {
    const seed = randomInt(2 ** 31);
    for (const wanted of fc.sample(batch, { numRuns: batches, seed })) {
      try {
        await checkBatch(bench(), wanted);
      } catch (error) {
        await findCase(bench(), wanted, seed);
        throw new Error(`only ${CASES_AT_ONCE} cases together fail; seed ${seed}`, { cause: error });
      }
    }
  });
}

/** Of a batch that failed, one case that fails alone. */
async function findCase(bench: Bench, wanted: Batch, seed: number): Promise<void> {
  for (const one of wanted.cases) {
    await checkBatch(bench, { ...wanted, cases: [one] }).catch((error: unknown) => {
      const shown = fc.stringify({ ...wanted, cases: [one] });
      throw new Error(`seed ${seed}, case ${shown}: ${String(error)}`, { cause: error });
    });
  }
}

async function checkBatch(bench: Bench, wanted: Batch): Promise<void> {
  const source = wanted.cases.flatMap(({ source: rows }, index) =>
    rows.map((row): Row => ({ case: BigInt(index), ...row })),
  );
  const entities = wanted.cases
    .flatMap(({ entities: rows, repeats }, index) =>
      [...rows, ...rows.slice(0, repeats)].map((row): Row => ({ case: BigInt(index), ...row })),
    )
    .map((row, index): Row => ({ ...row, row: BigInt(index), stamp: START }));
  const half = source.length >> 1; // two files, so that a key has rows in both
  const files = [
    await bench.accept(SOURCE, source.slice(0, half), { eventTime: 'e', createdTime: 'c' }),
    await bench.accept(SOURCE, source.slice(half), { eventTime: 'e', createdTime: 'c', firstArrival: BigInt(half) }),
  ];
  const arrived = source.map((row, index): Row => ({
    ...row,
    __event: row['e'] ?? null,
    __created: row['c'] ?? null,
    __arrival: BigInt(index),
  }));
  const features = featuresOf(wanted.windows);
  const view: ViewTable = { name: 'view', files, snapshotId: files.join('|'), keys: KEYS, features };
  const oracle = new Oracle(arrived, features);
  await checkJoin(bench, wanted, view, entities, oracle);
  await checkLatest(bench, wanted, view, oracle);
  await checkArrivals(bench, wanted, view, arrived, oracle);
}

/** Every column by itself, and every aggregation of the two columns of numbers over both windows. */
function featuresOf(windows: Batch['windows']): readonly ViewFeature[] {
  const plain = SOURCE.slice(5).map(({ name, type }): ViewFeature => ({
    name: `plain_${name}`,
    type,
    from: { column: name },
  }));
  const names = ['mean', 'sum', 'count', 'minimum', 'maximum'] as const;
  const of = (wanted: WindowAggregation): ViewFeature => {
    const integer = wanted.function === 'count' || (wanted.column === 'i' && wanted.function !== 'mean');
    // Sums of integers may leave their 64 bits here, numbers hold them.
    const type = integer && wanted.function !== 'sum' ? 'integer' : 'number';
    return { name: `${wanted.function}_${wanted.column}_${wanted.windowMicros}`, type, from: { aggregation: wanted } };
  };
  const distinct = [...new Set(windows)];
  const numbers = distinct.flatMap((windowMicros) =>
    ['i', 'x'].flatMap((name) => names.map((wanted) => of({ function: wanted, column: name, windowMicros }))),
  );
  return [...plain, ...numbers];
}

class Oracle {
  readonly #byCase = new Map<Value, Row[]>();
  readonly #features: readonly ViewFeature[];

  constructor(rows: readonly Row[], features: readonly ViewFeature[]) {
    this.#features = features;
    for (const row of rows)
      this.#byCase.set(row['case'] ?? null, [...(this.#byCase.get(row['case'] ?? null) ?? []), row]);
  }

  rows(of: Value): readonly Row[] {
    return this.#byCase.get(of) ?? [];
  }

  latest(arrivedAfter: bigint): readonly Row[] {
    return [...this.#byCase.values()].flatMap((rows) => latestRows(rows, NAMES, arrivedAfter));
  }

  newest(row: Row): bigint {
    return newestArrival(this.rows(row['case'] ?? null), NAMES, row);
  }

  /** Compares the features of one row of a result with those of the row that should count. */
  assertFeatures(actual: Row, expected: Row | undefined, prefix: string): void {
    for (const { name, from } of this.#features) {
      const value = actual[prefix + name] ?? null;
      const where = `${prefix}${name} of ${String(actual['case'])}/${String(actual['k'])}/${String(actual['n'])}`;
      if (!expected) expect(value, where).toBeNull();
      else if ('column' in from) expect(value, where).toEqual(expected[from.column] ?? null);
      else this.#assertAggregate(value, expected, from.aggregation, where);
    }
  }

  #assertAggregate(actual: Value, row: Row, wanted: WindowAggregation, where: string): void {
    const values = windowValues(this.rows(row['case'] ?? null), NAMES, row, wanted);
    const expected = aggregate(wanted.function, values);
    if (wanted.function !== 'mean' && wanted.function !== 'sum') return expect(actual, where).toEqual(expected);
    if (expected === null) return expect(actual, where).toBeNull();
    const number = Number(expected);
    if (!Number.isFinite(number)) return expect(actual, where).toBe(number);
    // Exact but for a few roundings of the parts that were added.
    const magnitude = values.reduce((total: number, value) => total + Math.abs(Number(value)), 0);
    expect(Math.abs(Number(actual) - number), where).toBeLessThanOrEqual(magnitude * 2 ** -51);
    expect(typeof actual, where).toBe('number');
  }
}

async function checkJoin(
  bench: Bench,
  wanted: Batch,
  view: ViewTable,
  entities: readonly Row[],
  oracle: Oracle,
): Promise<void> {
  const variants = [0n, wanted.ttlMicros].flatMap((ttlMicros) =>
    [true, false].map((createdCutoff) => ({ ttlMicros, createdCutoff })),
  );
  const prefix = (index: number): string => `v${index}_`;
  const views = variants.map((limits, index): JoinedView => ({
    view,
    entityColumns: NAMES,
    features: view.features.map(({ name }) => ({ feature: name, output: prefix(index) + name })),
    ...limits,
  }));
  const result = await bench.join({
    entities: bench.csv(ENTITY, entities),
    entityColumns: ENTITY,
    eventTime: 't',
    views,
  });
  const rows = await bench.read(result.file, result.columns);
  expect(rows.map(({ row }) => row)).toEqual(entities.map(({ row }) => row));
  for (const [place, row] of rows.entries()) {
    const entity = entities[place] ?? {};
    for (const { name } of ENTITY) expect(row[name]).toEqual(entity[name]);
    for (const [index, limits] of variants.entries()) {
      const expected = rowAsOf(
        oracle.rows(entity['case'] ?? null),
        NAMES,
        keysOf(entity, NAMES),
        entity['t'] ?? null,
        limits,
      );
      oracle.assertFeatures(row, expected, prefix(index));
    }
  }
  for (const { name } of result.columns)
    expect(result.nulls[name], name).toBe(rows.filter((row) => row[name] === null).length);
}

async function checkLatest(bench: Bench, wanted: Batch, view: ViewTable, oracle: Oracle): Promise<void> {
  const id = (row: Row): string => JSON.stringify(keysOf(row, NAMES).map(String));
  for (const arrivedAfter of [-1n, BigInt(wanted.arrivedAfter)]) {
    const expected = new Map(oracle.latest(arrivedAfter).map((row) => [id(row), row]));
    const actual = await bench.latest(view, arrivedAfter);
    expect(actual.map(id).sort()).toEqual([...expected.keys()].sort());
    for (const row of actual) {
      const source = expected.get(id(row));
      for (const name of [...NAMES, '__event', '__created']) expect(row[name]).toEqual(source?.[name]);
      expect(row['__arrival']).toBe(source && oracle.newest(source));
      oracle.assertFeatures(row, source, '');
    }
  }
}

/** Rows of the source itself as entity rows, taken by their arrival. */
async function checkArrivals(
  bench: Bench,
  { arrivals, ttlMicros }: Batch,
  view: ViewTable,
  arrived: readonly Row[],
  oracle: Oracle,
): Promise<void> {
  const after = BigInt(arrivals.after) - 1n;
  const upTo = after + BigInt(arrivals.count);
  const expected: Row[] = [];
  for (const row of arrived) {
    const [arrival, event] = [row['__arrival'] as bigint, row['e'] as bigint];
    if (arrival <= after || arrival > upTo) continue;
    if (arrivals.until !== undefined && event >= arrivals.until) break;
    expected.push(row);
  }
  const bound = arrivals.until === undefined ? {} : { until: arrivals.until };
  const selected = await bench.arrivals({ files: view.files, columns: SOURCE, after, upTo, ...bound });
  expect(selected.rows).toBe(expected.length);
  expect(selected.lastArrival).toBe(expected.at(-1)?.['__arrival'] ?? after);
  const joined: JoinedView = {
    view,
    entityColumns: NAMES,
    features: view.features.map(({ name }) => ({ feature: name, output: `v__${name}` })),
    ttlMicros,
    createdCutoff: true,
  };
  const entities = { file: selected.file, format: 'parquet' as const };
  const result = await bench.join({ entities, entityColumns: selected.columns, eventTime: 'e', views: [joined] });
  const rows = await bench.rows({ file: result.file, format: 'parquet' }, result.columns);
  expect(rows.map(({ arrival }) => arrival)).toEqual(expected.map((row) => row['__arrival']));
  for (const [place, row] of rows.entries()) {
    const source = expected[place] ?? {};
    for (const { name } of SOURCE) expect(row[name]).toEqual(source[name]);
    const limits = { ttlMicros, createdCutoff: true };
    const counts = rowAsOf(
      oracle.rows(source['case'] ?? null),
      NAMES,
      keysOf(source, NAMES),
      source['e'] ?? null,
      limits,
    );
    oracle.assertFeatures(row, counts, 'v__');
  }
}
