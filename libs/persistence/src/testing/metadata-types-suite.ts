import * as fc from 'fast-check';
import { INT64_MAX, INT64_MIN, InvalidArgumentError, parseMicros, type JsonValue } from '@slipway/kernel';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columns } from '../columns/columns.ts';
import type { Database } from '../database/open-database.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const TEXT_BYTES_MAX = 4_000;

const Sample = defineEntity({
  name: 'Sample',
  tableName: 'sample',
  properties: {
    workspace: columns.workspace(),
    id: p.integer().primary(),
    count: columns.int64(),
    at: columns.micros(),
    score: columns.float64(),
    label: columns.text(TEXT_BYTES_MAX),
    document: columns.json<JsonValue>(100_000).nullable(),
    digest: columns.sha256(),
    maybe: columns.int64().nullable(),
  },
});

class SampleTable extends Migration {
  override readonly name = 'sample-0001';
  override up(): void {
    this
      .addSql(`create table sample (workspace text not null, id integer not null, count bigint not null, at bigint not null,
      score bigint not null, label text not null, document text, digest text not null, maybe bigint,
      primary key (workspace, id))`);
  }
}

const int64 = fc.oneof(
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.constantFrom(INT64_MIN, INT64_MAX, 0n, -1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n),
);
const micros = fc.oneof(
  int64,
  fc.constantFrom(
    parseMicros('1969-12-31T23:59:59.999999Z'),
    parseMicros('9999-12-31T23:59:59.999999Z'),
    -62135596800000000n,
  ),
);
const SPECIAL = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  5e-324,
  -5e-324,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  2 ** 53 + 2,
  0.1,
  2.2250738585072014e-308,
];
const float64 = fc.oneof(fc.double(), fc.constantFrom(...SPECIAL));
const label = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => !text.includes('\0')),
  fc.constantFrom(
    '',
    ' ',
    "'",
    '"',
    '\\',
    "\\'",
    '?',
    '$1',
    '%',
    '_',
    '\r\n\t',
    'é',
    'e\u0301',
    '\u{1f600}',
    '\ufeff',
    '\uffff',
    "'; drop table sample; --",
    '{}',
    'null',
  ),
);
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll('-0,', '0,')) as JsonValue),
  fc.constantFrom<JsonValue>(null, '', 'a\0b', '\ud800', {}, [], { '': '' }, { __proto__x: 1 }, "it's ?", {
    a: [1.5, null, 'é'],
  }),
);
const digest = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 64, maxLength: 64 });
const context = { caller: testCaller(), requestId: 'call' };

/** Every column type gives back what it was given, also the extremes, and sorts and compares by value. */
export function metadataTypesSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`column types: ${name}`, () => {
    let databases: TestDatabases;
    let database: Database;
    let unitOfWork: UnitOfWork;
    let nextId = 0;
    beforeAll(async () => {
      databases = await start();
      const migrations = { sqlite: [SampleTable], postgresql: [SampleTable] };
      const parts = await openTestDatabase(await databases.fresh(), { entities: [Sample], migrations });
      ({ database, unitOfWork } = parts);
    });
    afterAll(async () => {
      await database.close();
      await databases.stop();
    });

    const plain = { count: 0n, at: 0n, score: 0, label: '', document: null, digest: 'a'.repeat(64), maybe: null };
    type Values = Omit<typeof plain, 'document' | 'maybe'> & { document: JsonValue; maybe: bigint | null };
    const insert = (values: Values): Promise<number> =>
      unitOfWork.run(context, (tx) => {
        const id = (nextId += 1);
        tx.em.persist(tx.em.create(Sample, { workspace: 'default', id, ...values } as never));
        return Promise.resolve(id);
      });
    const load = (id: number): Promise<Values> =>
      unitOfWork.read(async ({ em }) => {
        const found = await em.findOneOrFail(Sample, { workspace: 'default', id });
        const { count, at, score, label, document, digest, maybe } = found;
        return { count, at, score, label, document: document ?? null, digest, maybe: maybe ?? null };
      });

    it('for all values: reading undoes writing, by insert and by update', () =>
      fc.assert(
        fc.asyncProperty(
          fc.record({
            count: int64,
            at: micros,
            score: float64,
            label,
            document: json,
            digest,
            maybe: fc.option(int64),
          }),
          async (values) => {
            const given = { ...values, maybe: values.maybe };
            const id = await insert(given);
            expect(await load(id)).toEqual(given);
            expect(Object.is((await load(id)).score, given.score)).toBe(true);
            const other = await insert(plain);
            await unitOfWork.run(context, async (tx) => {
              const found = await tx.em.findOneOrFail(Sample, { workspace: 'default', id: other });
              tx.em.assign(found, given as never);
            });
            expect(await load(other)).toEqual(given);
          },
        ),
        { numRuns: 150 },
      ));

    it('for all values: a filter for equality finds the row, and a clean entity is not written again', () =>
      fc.assert(
        fc.asyncProperty(int64, micros, float64, label, async (count, at, score, text) => {
          const id = await insert({ ...plain, count, at, score, label: text });
          await unitOfWork.run(context, async (tx) => {
            const rows = await tx.em.find(Sample, { workspace: 'default', id, count, at, score, label: text });
            expect(rows.map((row) => row.id)).toEqual([id]);
            tx.em.getUnitOfWork().computeChangeSets();
            expect(tx.em.getUnitOfWork().getChangeSets()).toEqual([]);
          });
        }),
        { numRuns: 100 },
      ));

    it('for all pairs: the order of the database is the order of values', () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(int64, float64), { minLength: 2, maxLength: 12 }), async (pairs) => {
          const ids: number[] = [];
          for (const [count, score] of pairs) ids.push(await insert({ ...plain, count, score }));
          const where = { workspace: 'default', id: { $in: ids } };
          const byCount = await unitOfWork.read(({ em }) => em.find(Sample, where, { orderBy: { count: 'asc' } }));
          const counts = pairs.map(([count]) => count).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          expect(byCount.map((row) => row.count)).toEqual(counts);
          const rank = (x: number): number => (Number.isNaN(x) ? 2 : Object.is(x, -0) ? -1 : 0);
          const scores = pairs.map(([, score]) => score).sort((a, b) => (a < b ? -1 : a > b ? 1 : rank(a) - rank(b)));
          const byScore = await unitOfWork.read(({ em }) => em.find(Sample, where, { orderBy: { score: 'asc' } }));
          expect(byScore.map((row) => row.score)).toEqual(scores);
          const [median] = counts;
          const above = await unitOfWork.read(({ em }) => em.find(Sample, { ...where, count: { $gt: median } }));
          expect(above.length).toBe(counts.filter((count) => count > (median ?? 0n)).length);
        }),
        { numRuns: 30 },
      ));

    it.each([
      ['NUL', { label: 'a\0b' }],
      ['a lone surrogate', { label: '\ud800' }],
      ['too long a text', { label: 'é'.repeat(TEXT_BYTES_MAX / 2 + 1) }],
      ['a digest in capitals', { digest: 'A'.repeat(64) }],
      ['an integer of 65 bits', { count: 2n ** 63n }],
    ])('refuses %s and names the property', async (_, values) => {
      const refused = await insert({ ...plain, ...values }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(InvalidArgumentError);
      expect((refused as InvalidArgumentError).violations[0]?.field).toBe(Object.keys(values)[0]);
    });
  });
}
