import { describe, expect, it } from 'vitest';
import type { OnlineRow, OnlineStore } from '../online-store.ts';
import { bytesOf, rowOf, TABLE, told, unaborted, valuesIn, type OnlineStoreFixture } from './online-store-harness.ts';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** Ascending in (event time, created time, arrival); neighbours differ where text, floats and unsigned integers go wrong. */
const ASCENDING: readonly (readonly [bigint, bigint, bigint])[] = [
  [MIN, MIN, MIN],
  [MIN, MIN, MIN + 1n],
  [MIN, MAX, MAX],
  [MIN + 1n, MIN, MIN],
  [-(2n ** 32n), 0n, 0n],
  [-10n, 0n, 0n],
  [-9n, 0n, 0n],
  [-1n, 0n, 0n],
  [0n, -1n, 5n],
  [0n, 0n, -1n],
  [0n, 0n, 0n],
  [0n, 9n, 0n],
  [0n, 10n, -5n],
  [1n, 0n, 0n],
  [255n, 0n, 0n],
  [256n, 0n, 0n],
  [2n ** 31n, 0n, 0n],
  [2n ** 53n, 0n, 0n],
  [2n ** 53n + 1n, 0n, 0n],
  [2n ** 53n + 1n, 2n ** 53n, 0n],
  [2n ** 53n + 1n, 2n ** 53n + 1n, 0n],
  [2n ** 53n + 1n, 2n ** 53n + 1n, 2n ** 53n],
  [2n ** 53n + 1n, 2n ** 53n + 1n, 2n ** 53n + 1n],
  [MAX, MIN, MIN],
  [MAX, MAX, MAX - 1n],
  [MAX, MAX, MAX],
];

const rows: readonly OnlineRow[] = ASCENDING.map(([event, created, arrival], index) =>
  rowOf('k', `row ${index}`, { event, created, arrival }),
);

export function orderTests(current: () => OnlineStoreFixture): void {
  const write = (store: OnlineStore, ...some: readonly OnlineRow[]): Promise<{ stored: number }> =>
    store.write(TABLE, some, unaborted);

  describe('order', () => {
    it('keeps the greater of any two rows, whichever comes first, over the whole range of int64', async () => {
      const { store } = current();
      for (const [index, greater] of rows.entries()) {
        const lesser = rows[index - 1];
        if (!lesser) continue;
        const [a, b] = [`up ${index}`, `down ${index}`];
        expect(await write(store, { ...lesser, key: bytesOf(a) })).toEqual({ stored: 1 });
        expect(await write(store, { ...greater, key: bytesOf(a) })).toEqual({ stored: 1 });
        expect(await write(store, { ...greater, key: bytesOf(b) })).toEqual({ stored: 1 });
        expect(await write(store, { ...lesser, key: bytesOf(b) })).toEqual({ stored: 0 });
        expect(await valuesIn(store, [a, b])).toEqual([`row ${index}`, `row ${index}`]);
      }
    });

    it('gives back all three parts of the order as they were written', async () => {
      const { store } = current();
      const keyed = rows.map((row, index) => ({ ...row, key: bytesOf(`k${index}`) }));
      expect(await write(store, ...keyed)).toEqual({ stored: rows.length });
      const [found = []] = await store.read([{ table: TABLE, keys: keyed.map((row) => row.key) }], unaborted);
      expect(found.map(told)).toEqual(ASCENDING.map((order, index) => [`row ${index}`, ...order]));
    });

    it('drops a row equal in all three parts, whatever its values', async () => {
      const { store } = current();
      const order = { event: 7n, created: 7n, arrival: 7n };
      expect(await write(store, rowOf('k', 'first', order))).toEqual({ stored: 1 });
      expect(await write(store, rowOf('k', 'second', order))).toEqual({ stored: 0 });
      expect(await valuesIn(store, ['k'])).toEqual(['first']);
    });

    it('takes a correction: same event time, later created time', async () => {
      const { store } = current();
      await write(store, rowOf('k', 'wrong', { event: 5n, created: 10n, arrival: 900n }));
      await write(store, rowOf('k', 'right', { event: 5n, created: 11n, arrival: 1n }));
      expect(await valuesIn(store, ['k'])).toEqual(['right']);
    });

    it('is idempotent', async () => {
      const { store } = current();
      const keyed = rows.map((row, index) => ({ ...row, key: bytesOf(`k${index % 5}`) }));
      await write(store, ...keyed);
      const before = await valuesIn(store, ['k0', 'k1', 'k2', 'k3', 'k4']);
      expect(await write(store, ...keyed)).toEqual({ stored: 0 });
      expect(await write(store, ...keyed.toReversed())).toEqual({ stored: 0 });
      expect(await valuesIn(store, ['k0', 'k1', 'k2', 'k3', 'k4'])).toEqual(before);
    });

    it('counts the greatest of several rows with one key in a call, wherever it stands', async () => {
      const { store } = current();
      const last = `row ${rows.length - 1}`;
      const middle = rows.length >> 1;
      const orders = [rows, rows.toReversed(), [...rows.slice(middle), ...rows.slice(0, middle)]];
      for (const [index, order] of orders.entries()) {
        const key = bytesOf(`k${index}`);
        expect(await write(store, ...order.map((row) => ({ ...row, key })))).toEqual({ stored: 1 });
        expect(await valuesIn(store, [`k${index}`])).toEqual([last]);
      }
    });

    it('tells how many rows of a call are stored', async () => {
      const { store } = current();
      await write(store, rowOf('old', 'kept', { event: 10n }), rowOf('same', 'kept', { event: 10n }));
      const outcome = await write(
        store,
        rowOf('old', 'late', { event: 9n }),
        rowOf('new', 'a', { event: 1n }),
        rowOf('same', 'kept', { event: 10n }),
        rowOf('new', 'b', { event: 2n }),
        rowOf('other', 'c'),
      );
      expect(outcome).toEqual({ stored: 2 });
      expect(await valuesIn(store, ['old', 'same', 'new', 'other'])).toEqual(['kept', 'kept', 'b', 'c']);
      expect(await write(store)).toEqual({ stored: 0 });
    });
  });
}
