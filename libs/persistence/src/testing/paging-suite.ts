import * as fc from 'fast-check';
import { INT64_MAX, INT64_MIN, InvalidArgumentError } from '@slipway/kernel';
import { defineEntity } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columns } from '../columns/columns.ts';
import type { Database } from '../database/open-database.ts';
import { readOrder, readPageSize, toKeyset, toOrderBy } from '../paging/list-order.ts';
import { decodePageToken, encodePageToken, type PageKey } from '../paging/page-token.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const Item = defineEntity({
  name: 'Item',
  tableName: 'item',
  properties: {
    workspace: columns.workspace(),
    name: columns.text(100).primary(),
    size: columns.int64(),
    at: columns.micros(),
    score: columns.float64(),
  },
});

class ItemTable extends Migration {
  override readonly name = 'item-0001';
  override up(): void {
    this.addSql(
      'create table item (workspace text not null, name text not null, size bigint not null, at bigint not null, score bigint not null, primary key (workspace, name))',
    );
  }
}

const FIELDS = ['name', 'size', 'at', 'score'] as const;
type Field = (typeof FIELDS)[number];

/** Paging gives every row once, in order, on both databases. */
export function pagingSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`paging: ${name}`, () => {
    let databases: TestDatabases;
    let database: Database;
    let unitOfWork: UnitOfWork;
    beforeAll(async () => {
      databases = await start();
      const migrations = { sqlite: [ItemTable], postgresql: [ItemTable] };
      ({ database, unitOfWork } = await openTestDatabase(await databases.fresh(), { entities: [Item], migrations }));
    });
    afterAll(async () => {
      await database.close();
      await databases.stop();
    });

    const big = fc.constantFrom(INT64_MIN, INT64_MAX, 0n, -1n, 9n, 10n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n);
    const row = fc.record({
      name: fc.string({ unit: fc.constantFrom('a', 'B', 'é', '"', '\\', '%', '9', '1'), minLength: 1, maxLength: 4 }),
      size: big,
      at: big,
      score: fc.constantFrom(Number.NaN, -Infinity, Infinity, 0, -0, 1.5, -1.5, 5e-324),
    });
    const order = fc
      .array(fc.tuple(fc.constantFrom(...FIELDS), fc.constantFrom('', ' asc', ' DESC')), { maxLength: 3 })
      .filter((terms) => new Set(terms.map(([field]) => field)).size === terms.length)
      .map((terms) => terms.map(([field, direction]) => field + direction).join(', '));

    it('for all rows, orders and page sizes: every row once, in the order of the whole', () => {
      let round = 0;
      return fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(row, { selector: (item) => item.name, maxLength: 14 }),
          order,
          fc.integer({ min: 1, max: 5 }),
          async (rows, orderBy, size) => {
            const workspace = `w${(round += 1)}`;
            const caller = testCaller(workspace);
            await unitOfWork.run({ caller, requestId: 'r' }, (tx) =>
              Promise.resolve(rows.forEach((item) => tx.em.persist(tx.em.create(Item, { workspace, ...item })))),
            );
            const terms = readOrder<Field>(orderBy, FIELDS, 'name');
            const query = { method: 'list', workspace, filter: {}, orderBy };
            const list = (keys: readonly PageKey[] | undefined, limit: number) =>
              unitOfWork.read(({ em }) =>
                em.find(
                  Item,
                  { $and: [{ workspace }, toKeyset(terms, keys)] },
                  {
                    orderBy: toOrderBy(terms) as never,
                    limit,
                  },
                ),
              );
            const paged: string[] = [];
            for (let token = '', pages = 0; pages === 0 || token !== ''; pages += 1) {
              if (pages > rows.length + 1) throw new Error('paging does not end');
              const page = await list(decodePageToken(query, token), size);
              paged.push(...page.map((item) => item.name));
              const last = page.length === size ? page.at(-1) : undefined;
              token = last
                ? encodePageToken(
                    query,
                    terms.map(({ field }) => last[field]),
                  )
                : '';
            }
            expect(paged).toEqual((await list(undefined, 1_000)).map((item) => item.name));
            expect([...paged].sort()).toEqual(rows.map((item) => item.name).sort());
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

/** What does not need a database. */
export function pageTokenRules(): void {
  describe('page tokens and orders', () => {
    const query = { method: 'list', workspace: 'default', filter: { model: 'm' }, orderBy: 'name' };
    const fieldOf = (run: () => unknown): string | undefined => {
      try {
        run();
        return 'no error';
      } catch (error) {
        return error instanceof InvalidArgumentError ? error.violations[0]?.field : 'another error';
      }
    };

    it('for all keys: decoding undoes encoding', () => {
      fc.assert(
        fc.property(
          fc.array(fc.oneof(fc.string(), fc.bigInt(), fc.double(), fc.boolean(), fc.constant(null))),
          (keys) => {
            expect(decodePageToken(query, encodePageToken(query, keys))).toEqual(keys);
          },
        ),
      );
    });

    it('refuses a token of another query, workspace, order, and what is none', () => {
      const token = encodePageToken(query, ['a']);
      for (const other of [{ method: 'x' }, { workspace: 'x' }, { filter: {} }, { orderBy: 'size' }]) {
        expect(fieldOf(() => decodePageToken({ ...query, ...other }, token))).toBe('page_token');
      }
      for (const text of ['x', '!', token.slice(1), 'W10', 'bnVsbA', 'a'.repeat(9_000)]) {
        expect(fieldOf(() => decodePageToken(query, text))).toBe('page_token');
      }
    });

    it('reads page sizes and orders, and names what is wrong', () => {
      expect([readPageSize(0), readPageSize(1), readPageSize(1_000)]).toEqual([100, 1, 1_000]);
      for (const size of [-1, 1_001, 1.5, Number.NaN]) expect(fieldOf(() => readPageSize(size))).toBe('page_size');
      expect(readOrder('size DESC', FIELDS, 'name')).toEqual([
        { field: 'size', direction: 'desc' },
        { field: 'name', direction: 'desc' },
      ]);
      for (const text of ['secret', 'name up', 'name; drop', 'size, size', ',']) {
        expect(fieldOf(() => readOrder(text, FIELDS, 'name'))).toBe('order_by');
      }
    });
  });
}
