import { expect, it } from 'vitest';
import type { ColumnSpec, ColumnType } from '../column.ts';
import type { ViewFeature, ViewTable } from '../offline-store.ts';
import { never, plainView, rowsOf, START, type Bench, type Row } from './offline-store-harness.ts';

const column = (name: string, type: ColumnType): ColumnSpec => ({ name, type });
const SOURCE = [column('k', 'string'), column('e', 'timestamp'), column('c', 'timestamp'), column('v', 'number')];
const KEYS = [column('k', 'string')];
const source = (k: string | null, e: number, c: number, v: number | null): Row => ({
  k,
  e: START + BigInt(e),
  c: START + BigInt(c),
  v,
});

async function viewOf(bench: Bench, rows: readonly Row[], features?: readonly ViewFeature[]): Promise<ViewTable> {
  const file = await bench.accept(SOURCE, rows, { eventTime: 'e', createdTime: 'c' });
  const view = plainView('view', [file], KEYS, [...KEYS, column('v', 'number')]);
  return features ? { ...view, features } : view;
}

const aggregation = (
  name: string,
  wanted: 'mean' | 'sum' | 'count' | 'minimum' | 'maximum',
  windowMicros: bigint,
): ViewFeature => ({
  name,
  type: wanted === 'count' ? 'integer' : 'number',
  from: { aggregation: { function: wanted, column: 'v', windowMicros } },
});

/** Sentences on `readLatest`. */
export function latestContract(bench: () => Bench): void {
  it('gives the row with the greatest event, created, arrival of each key, and the newest arrival of the key', async () => {
    const rows = [
      source('a', 10, 10, 1),
      source('a', 10, 12, 2),
      source('a', 9, 99, 3),
      source('b', 5, 5, 4),
      source('b', 5, 5, 5),
      source(null, 9, 9, 6),
    ];
    const latest = await bench().latest(await viewOf(bench(), rows));
    expect([...latest].sort((a, b) => String(a['k']).localeCompare(String(b['k'])))).toEqual([
      { k: 'a', v: 2, __event: START + 10n, __created: START + 12n, __arrival: 2n },
      { k: 'b', v: 5, __event: START + 5n, __created: START + 5n, __arrival: 4n },
    ]);
  });

  it('gives keys with a row that arrived later than asked, whichever of their rows counts', async () => {
    const rows = [
      source('a', 20, 20, 1),
      source('b', 10, 10, 2),
      source('c', 10, 10, 3),
      source('a', 5, 5, 4),
      source('b', 30, 30, 5),
    ];
    const view = await viewOf(bench(), rows);
    const keys = async (after: bigint) =>
      (await bench().latest(view, after)).map(({ k, v }) => `${String(k)}${String(v)}`).sort();
    expect(await keys(-1n)).toEqual(['a1', 'b5', 'c3']);
    expect(await keys(2n)).toEqual(['a1', 'b5']);
    expect(await keys(3n)).toEqual(['b5']);
    expect(await keys(4n)).toEqual([]);
  });

  it('gives aggregations over what was known in the window before the row became known, bounds inclusive, without nulls', async () => {
    const rows = [
      source('a', 0, 100, 1),
      source('a', 0, 99, 2),
      source('a', 110, 50, 4),
      source('a', 90, 105, null),
      source('a', 0, 111, 64),
      source('b', 110, 110, 8),
    ];
    const names = ['mean', 'sum', 'count', 'minimum', 'maximum'] as const;
    const view = await viewOf(
      bench(),
      rows,
      names.map((name) => aggregation(name, name, 10n)),
    );
    const latest = await bench().latest(view);
    // The row of event 110 counts; it is known at 110: rows known in [100, 110] are those of 100, 105 (null) and 110.
    expect(latest.find(({ k }) => k === 'a')).toMatchObject({ mean: 2.5, sum: 5, count: 2n, minimum: 1, maximum: 4 });
    expect(latest.find(({ k }) => k === 'b')).toMatchObject({ mean: 8, sum: 8, count: 1n, minimum: 8, maximum: 8 });
  });

  it('gives null, and zero as count, for a window with nothing but nulls', async () => {
    const names = ['mean', 'sum', 'count', 'minimum', 'maximum'] as const;
    const view = await viewOf(
      bench(),
      [source('a', 5, 5, null)],
      names.map((name) => aggregation(name, name, 10n)),
    );
    expect((await bench().latest(view))[0]).toMatchObject({
      mean: null,
      sum: null,
      count: 0n,
      minimum: null,
      maximum: null,
    });
  });

  it('gives batches of at most 65536 rows that together have each key once', async () => {
    const rows = Array.from({ length: 70_000 }, (_, index) => source(`k${index}`, index, index, index));
    const view = await viewOf(bench(), rows);
    const seen = new Set<unknown>();
    for await (const batch of bench().store.readLatest(view, -1n, never)) {
      expect(batch.rows).toBeLessThanOrEqual(65_536);
      for (const { k } of rowsOf(batch)) seen.add(k);
    }
    expect(seen.size).toBe(70_000);
  });

  it('gives nothing for a view without files', async () => {
    expect(await bench().latest(plainView('none', [], KEYS, SOURCE))).toEqual([]);
  });
}
