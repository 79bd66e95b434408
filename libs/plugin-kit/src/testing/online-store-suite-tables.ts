import { describe, expect, it } from 'vitest';
import type { OnlineTable } from '../online-store.ts';
import { bytesOf, rowOf, TABLE, told, unaborted, valuesIn, type OnlineStoreFixture } from './online-store-harness.ts';

/** Names that read the same as others when they are joined, cut, matched as a pattern, or compared without regard to case or form. */
const LIKE_NAMES: readonly OnlineTable[] = [
  ['a', 'b', 'c'],
  ['ab', 'c', 'c'],
  ['a', 'bc', 'c'],
  ['a', 'b', 'cc'],
  ['a', 'b', 'c:c'],
  ['a', 'b:c', 'c'],
  ['a:b', 'c', 'c'],
  ['a', 'b/c', 'c'],
  ['a/b', 'c', 'c'],
  ['a', 'b\u0000c', 'c'],
  ['a\u0000b', 'c', 'c'],
  ['A', 'b', 'c'],
  ['a', 'b', 'C'],
  ['a', 'b*', 'c'],
  ['a', '*', 'c'],
  ['a', '[b]', 'c'],
  ['a', 'b?', 'c'],
  ['a', '{b}', 'c'],
  ['a', 'é', 'c'],
  ['a', 'e\u0301', 'c'],
  ['a', 'b', '\uffff'],
  ['a', 'b', '\u{10ffff}'],
  ['a', 'b'.repeat(255), 'c'],
  ['a', 'b'.repeat(254), 'c'],
].map(([workspace = '', view = '', schema = '']) => ({ workspace, view, schema }));

export function tableTests(current: () => OnlineStoreFixture): void {
  describe('tables', () => {
    it('keeps length and order of the keys, with undefined for gaps, and takes keys that repeat', async () => {
      const { store } = current();
      await store.write(TABLE, [rowOf('a', '1'), rowOf('b', '2')], unaborted);
      expect(
        await valuesIn(
          store,
          ['b', 'none', 'a', 'b', 'b', '', 'none', 'a'].filter((key) => key !== ''),
        ),
      ).toEqual(['2', undefined, '1', '2', '2', undefined, '1']);
      expect(await store.read([], unaborted)).toEqual([]);
      expect(await store.read([{ table: TABLE, keys: [] }], unaborted)).toEqual([[]]);
    });

    it('reads many tables in one call, one block per request, the same table more than once', async () => {
      const { store } = current();
      for (const [index, table] of LIKE_NAMES.entries()) {
        await store.write(table, [rowOf('k', `of ${index}`), rowOf(`own ${index}`, 'x')], unaborted);
      }
      const order = LIKE_NAMES.map((_, index) => (index * 7) % LIKE_NAMES.length);
      const requests = [...order, ...order].map((index) => ({
        table: LIKE_NAMES[index] ?? TABLE,
        keys: ['k', `own ${index}`, `own ${index + 1}`].map(bytesOf),
      }));
      const blocks = await store.read(requests, unaborted);
      expect(blocks.map((block) => block.map((row) => told(row)?.[0]))).toEqual(
        [...order, ...order].map((index) => [`of ${index}`, 'x', undefined]),
      );
    });

    it('keeps apart workspaces, views and schemas whose names are alike', async () => {
      const { store } = current();
      for (const [index, table] of LIKE_NAMES.entries()) {
        const outcome = await store.write(table, [rowOf('k', `of ${index}`, { event: -BigInt(index) })], unaborted);
        expect(outcome, JSON.stringify(table)).toEqual({ stored: 1 }); // later tables have older rows
      }
      for (const [index, table] of LIKE_NAMES.entries()) {
        expect(await valuesIn(store, ['k'], table)).toEqual([`of ${index}`]);
      }
    });

    it('keeps apart keys of any bytes', async () => {
      const { store } = current();
      const every = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
      const long = new Uint8Array(512).fill(255);
      const keys = [...every, Uint8Array.of(0, 0), Uint8Array.of(0, 0, 0), long, long.subarray(0, 511), bytesOf('a*')];
      const rows = keys.map((key, index) => ({ ...rowOf('', `${index}`), key }));
      expect(await store.write(TABLE, rows, unaborted)).toEqual({ stored: keys.length });
      const [found = []] = await store.read([{ table: TABLE, keys }], unaborted);
      expect(found.map((row) => told(row)?.[0])).toEqual(keys.map((_, index) => `${index}`));
    });

    it('drops one table and nothing of those with names alike, and takes new rows afterwards', async () => {
      const { store } = current();
      for (const table of LIKE_NAMES) {
        await store.write(table, [rowOf('k', 'x', { event: 9n }), rowOf('l', 'y')], unaborted);
      }
      for (const [index, table] of LIKE_NAMES.entries()) {
        await store.drop(table, unaborted);
        await store.drop(table, unaborted);
        const blocks = await store.read(
          LIKE_NAMES.map((other) => ({ table: other, keys: [bytesOf('k'), bytesOf('l')] })),
          unaborted,
        );
        expect(blocks.map((block) => block.map((row) => row !== undefined))).toEqual(
          LIKE_NAMES.map((_, other) => [other > index, other > index]),
        );
      }
      const [first = TABLE] = LIKE_NAMES;
      expect(await store.write(first, [rowOf('k', 'again', { event: 1n })], unaborted)).toEqual({ stored: 1 });
      expect(await valuesIn(store, ['k'], first)).toEqual(['again']);
    });

    it('drops a table of thousands of rows', async () => {
      const { store } = current();
      const rows = Array.from({ length: 5_000 }, (_, index) => rowOf(`k${index}`, `${index}`));
      for (let from = 0; from < rows.length; from += 1_000) {
        await store.write(TABLE, rows.slice(from, from + 1_000), unaborted);
      }
      const beside = { ...TABLE, schema: 'v2' };
      await store.write(beside, [rowOf('k1', 'kept')], unaborted);
      await store.drop(TABLE, unaborted);
      const [found = []] = await store.read([{ table: TABLE, keys: rows.map((row) => row.key) }], unaborted);
      expect(found.filter((row) => row !== undefined)).toEqual([]);
      expect(await valuesIn(store, ['k1'], beside)).toEqual(['kept']);
    });
  });
}
