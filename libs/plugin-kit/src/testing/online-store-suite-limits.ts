import { DomainError, InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import type { OnlineRow } from '../online-store.ts';
import { bytesOf, failureOf, rowOf, TABLE, told, unaborted, type OnlineStoreFixture } from './online-store-harness.ts';

const violated = (error: unknown): readonly string[] =>
  error instanceof DomainError ? error.violations.map(({ field }) => field) : [];

export function limitTests(current: () => OnlineStoreFixture): void {
  describe('limits', () => {
    it('takes the shortest and the longest keys and values, byte for byte', async () => {
      const { store } = current();
      const longest = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) & 255);
      const rows: readonly OnlineRow[] = [
        { ...rowOf('k', ''), key: Uint8Array.of(0), values: new Uint8Array(0) },
        { ...rowOf('k', ''), key: new Uint8Array(512).fill(7), values: longest },
      ];
      expect(await store.write(TABLE, rows, unaborted)).toEqual({ stored: 2 });
      const [found = []] = await store.read([{ table: TABLE, keys: rows.map((row) => row.key) }], unaborted);
      expect(found.map((row) => row?.values.byteLength)).toEqual([0, 65_536]);
      expect(Buffer.compare(found[1]?.values ?? new Uint8Array(0), longest)).toBe(0);
    });

    it('takes views into larger buffers, also Buffers, and keeps none of them', async () => {
      const { store } = current();
      const shared = Buffer.from('..key..values..');
      const row = { ...rowOf('', ''), key: shared.subarray(2, 5), values: shared.subarray(7, 13) };
      await store.write(TABLE, [row], unaborted);
      shared.fill(0);
      const [found = []] = await store.read([{ table: TABLE, keys: [bytesOf('key')] }], unaborted);
      expect(found.map(told)).toEqual([['values', 0n, 0n, 0n]]);
    });

    it('gives rows that stay as they are while the caller works with them', async () => {
      const { store } = current();
      const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
      await store.write(
        TABLE,
        keys.map((key) => rowOf(key, `values of ${key} `.repeat(20))),
        unaborted,
      );
      const [found = []] = await store.read([{ table: TABLE, keys: keys.map(bytesOf) }], unaborted);
      expect(found.map((row) => told(row)?.[0])).toEqual(keys.map((key) => `values of ${key} `.repeat(20)));
    });

    it.each([
      ['an empty key', { key: new Uint8Array(0) }, 'rows[1].key'],
      ['a key of 513 bytes', { key: new Uint8Array(513) }, 'rows[1].key'],
      ['values of 65537 bytes', { values: new Uint8Array(65_537) }, 'rows[1].values'],
      ['an event time past int64', { eventTime: 2n ** 63n }, 'rows[1].eventTime'],
      ['a created time below int64', { createdTime: -(2n ** 63n) - 1n }, 'rows[1].createdTime'],
      ['an arrival past int64', { arrival: 2n ** 64n }, 'rows[1].arrival'],
    ])('refuses %s and then stores nothing of the call', async (_, wrong: Partial<OnlineRow>, field) => {
      const { store } = current();
      const error = await failureOf(store.write(TABLE, [rowOf('a', 'x'), { ...rowOf('b', 'y'), ...wrong }], unaborted));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(violated(error)).toEqual([field]);
      expect(await store.read([{ table: TABLE, keys: [bytesOf('a')] }], unaborted)).toEqual([[undefined]]);
    });

    it('refuses to read keys that cannot be stored', async () => {
      const { store } = current();
      const keys = [bytesOf('a'), new Uint8Array(0), new Uint8Array(513)];
      const error = await failureOf(
        store.read(
          [
            { table: TABLE, keys: [] },
            { table: TABLE, keys },
          ],
          unaborted,
        ),
      );
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(violated(error)).toEqual(['requests[1].keys[1]', 'requests[1].keys[2]']);
    });

    it.each(['', 'x'.repeat(256), 'é'.repeat(128), '\ud800'])('refuses a table named %j', async (name) => {
      const { store } = current();
      for (const field of ['workspace', 'view', 'schema']) {
        const table = { ...TABLE, [field]: name };
        const calls = [
          [store.write(table, [rowOf('a', 'x')], unaborted), `table.${field}`],
          [store.read([{ table, keys: [bytesOf('a')] }], unaborted), `requests[0].table.${field}`],
          [store.drop(table, unaborted), `table.${field}`],
        ] as const;
        for (const [call, at] of calls) expect(violated(await failureOf(call))).toEqual([at]);
      }
    });

    it('keeps its bounds on keys and rows of one call', async () => {
      const { store } = current();
      const { readKeysMax, writeRowsMax } = store.capabilities;
      const rows = Array.from({ length: writeRowsMax + 1 }, (_, index) => rowOf(`k${index}`, 'x'));
      expect(await failureOf(store.write(TABLE, rows, unaborted))).toBeInstanceOf(InvalidArgumentError);
      expect(await store.write(TABLE, rows.slice(1), unaborted)).toEqual({ stored: writeRowsMax });
      const keys = Array.from({ length: readKeysMax }, (_, index) => bytesOf(`k${index}`));
      const over = [
        { table: TABLE, keys },
        { table: { ...TABLE, view: 'other' }, keys: [bytesOf('k1')] },
      ];
      expect(await failureOf(store.read(over, unaborted))).toBeInstanceOf(InvalidArgumentError);
      const [found = []] = await store.read([{ table: TABLE, keys }], unaborted);
      expect(found.map((row) => row !== undefined)).toEqual(keys.map((_, index) => index > 0 && index <= writeRowsMax));
    });
  });
}
