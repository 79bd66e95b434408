import { seededRandom } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { compareOnlineOrder } from '../online-store-rules.ts';
import type { OnlineRow, OnlineStore } from '../online-store.ts';
import { rowOf, TABLE, unaborted, valuesIn, type OnlineStoreFixture } from './online-store-harness.ts';

const SEED = 20_261_121;
const KEYS = ['a', 'b', 'c', 'd', 'e'];

/** Rows of few keys in random order, each unlike any other. */
function randomRows(seed: number, count: number): OnlineRow[] {
  const random = seededRandom(seed);
  const below = (bound: number): bigint => BigInt(Math.floor(random.next() * bound));
  return Array.from({ length: count }, (_, index) => {
    const order = {
      event: below(9) - 4n,
      created: below(5) - 2n,
      arrival: below(1_000) * 1_000n + BigInt(index % 1_000),
    };
    const key = KEYS[Number(below(KEYS.length))] ?? 'a';
    return rowOf(key, `${seed} ${index} ${order.event} ${order.created} ${order.arrival}`, order);
  });
}

function greatest(rows: readonly OnlineRow[], key: string): string | undefined {
  const own = rows.filter((row) => Buffer.from(row.key).toString() === key).sort(compareOnlineOrder);
  const last = own.at(-1);
  return last && Buffer.from(last.values).toString();
}

export function concurrencyTests(current: () => OnlineStoreFixture): void {
  describe('concurrent callers', () => {
    it('leave the greatest row of each key, over two stores on one storage', async () => {
      const { storage, store } = current();
      const second = storage.create();
      await second.open(unaborted);
      const rows = randomRows(SEED, 3_000);
      const stores: readonly OnlineStore[] = [store, second];
      const calls: Promise<{ stored: number }>[] = [];
      for (let from = 0; from < rows.length; from += 10) {
        const one = stores[(from / 10) % 2] ?? store;
        calls.push(one.write(TABLE, rows.slice(from, from + 10), unaborted));
        if (from % 500 === 0) await Promise.all(calls);
      }
      await Promise.all(calls);
      const expected = KEYS.map((key) => greatest(rows, key));
      expect(await valuesIn(store, KEYS)).toEqual(expected);
      expect(await valuesIn(second, KEYS)).toEqual(expected);
      await second.close();
    });

    it('see at once what was acknowledged to another store on the storage', async () => {
      const { storage, store } = current();
      const second = storage.create();
      await second.open(unaborted);
      for (let turn = 0; turn < 50; turn++) {
        const [writer, reader] = turn % 2 === 0 ? [store, second] : [second, store];
        await valuesIn(reader, ['k']);
        await writer.write(TABLE, [rowOf('k', `${turn}`, { event: BigInt(turn) })], unaborted);
        expect(await valuesIn(reader, ['k'])).toEqual([`${turn}`]);
      }
      await second.close();
    });

    it('never see a row go backwards, nor one that nobody wrote', async () => {
      const { store } = current();
      const rows = randomRows(SEED + 1, 2_000);
      const written = new Set(rows.map((row) => Buffer.from(row.values).toString()));
      const progress = { done: false };
      const writes = (async () => {
        for (let from = 0; from < rows.length; from += 20) {
          await Promise.all([
            store.write(TABLE, rows.slice(from, from + 10), unaborted),
            store.write(TABLE, rows.slice(from + 10, from + 20), unaborted),
          ]);
        }
      })().finally(() => {
        progress.done = true;
      });
      const latest = new Map<string, OnlineRow>();
      let seen = 0;
      while (!progress.done) {
        const [found = []] = await store.read([{ table: TABLE, keys: KEYS.map((key) => Buffer.from(key)) }], unaborted);
        for (const [index, row] of found.entries()) {
          if (!row) continue;
          const key = KEYS[index] ?? '';
          const known = latest.get(key);
          expect(written).toContain(Buffer.from(row.values).toString());
          if (known) expect(compareOnlineOrder(row, known)).toBeGreaterThanOrEqual(0);
          latest.set(key, { ...row, key: Buffer.from(key), values: Uint8Array.from(row.values) });
          seen += 1;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writes;
      expect(seen).toBeGreaterThan(KEYS.length);
    });
  });
}
