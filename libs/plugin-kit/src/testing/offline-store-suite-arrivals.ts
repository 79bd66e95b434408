import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ColumnSpec, ColumnType } from '../column.ts';
import { AlreadyExistsError, FailedPreconditionError, InvalidArgumentError } from '../index.ts';
import { never, START, type Bench, type OfflineStorage, type Row } from './offline-store-harness.ts';

const column = (name: string, type: ColumnType): ColumnSpec => ({ name, type });
const COLUMNS = [column('k', 'string'), column('e', 'timestamp'), column('v', 'number')];
const row = (k: string | null, e: number, v: number | null): Row => ({ k, e: START + BigInt(e), v });
const ROWS = [row('a', 5, 1), row(null, 9, 2), row('c', 3, null), row('d', 20, 4), row('e', 1, 5)];

/** Sentences on `selectArrivals` and `readRows`. */
export function arrivalsContract(bench: () => Bench, storage: () => OfflineStorage): void {
  /** Arrival numbers 1 to 5 in two files. */
  const filesOf = async (): Promise<readonly string[]> => [
    await bench().accept(COLUMNS, ROWS.slice(0, 2), { eventTime: 'e', firstArrival: 1n }),
    await bench().accept(COLUMNS, ROWS.slice(2), { eventTime: 'e', firstArrival: 3n }),
  ];
  const numbered = (from: number, to: number): readonly Row[] =>
    ROWS.slice(from - 1, to).map((each, index) => ({ ...each, arrival: BigInt(from + index) }));

  it('selects the rows of a range of arrival numbers, in their order, with all columns', async () => {
    const files = await filesOf();
    const all = await bench().arrivals({ files, columns: COLUMNS, after: 0n, upTo: 5n });
    expect(all).toMatchObject({ rows: 5, lastArrival: 5n, content: numbered(1, 5) });
    const some = await bench().arrivals({ files, columns: COLUMNS, after: 1n, upTo: 4n });
    expect(some).toMatchObject({ rows: 3, lastArrival: 4n, content: numbered(2, 4) });
  });

  it('ends before the first row that is not before `until`, though later rows may be earlier', async () => {
    const files = await filesOf();
    const until = async (time: number, after = 0n) => {
      const job = { files, columns: COLUMNS, after, upTo: 5n, until: START + BigInt(time) };
      const { rows, lastArrival } = await bench().arrivals(job);
      return [rows, lastArrival];
    };
    expect(await until(9)).toEqual([1, 1n]); // the bound itself ends it
    expect(await until(10)).toEqual([3, 3n]);
    expect(await until(10, 3n)).toEqual([0, 3n]);
    expect(await until(21)).toEqual([5, 5n]);
  });

  it('leaves out rows of other times, and counts them as looked at', async () => {
    const files = await filesOf();
    const [from, before] = [START + 5n, START + 20n];
    const all = numbered(1, 5);
    const wanted = all.slice(0, 2); // times are 5, 9, 3, 20 and 1; the first bound is taken, the second is not
    const job = { files, columns: COLUMNS, after: 0n, upTo: 5n };
    const between = await bench().arrivals({ ...job, from, before });
    expect(between).toMatchObject({ rows: wanted.length, lastArrival: 5n, content: wanted });
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.length).toBeLessThan(5);
    expect(await bench().arrivals({ ...job, from: START + 1_000_000n })).toMatchObject({ rows: 0, lastArrival: 5n });
  });

  it('writes a file without rows when there is none', async () => {
    const files = await filesOf();
    for (const job of [
      { files, columns: COLUMNS, after: 5n, upTo: 5n },
      { files: [], columns: COLUMNS, after: 7n, upTo: 9n },
    ]) {
      const found = await bench().arrivals(job);
      expect(found).toMatchObject({ rows: 0, lastArrival: job.after, content: [] });
      expect(existsSync(found.file)).toBe(true);
    }
  });

  it('gives null for a column that came with a later file, and numbers where earlier files have integers', async () => {
    const old = [column('e', 'timestamp'), column('v', 'integer')];
    const files = [
      await bench().accept(old, [{ e: START, v: 7n }], { eventTime: 'e', firstArrival: 1n }),
      await bench().accept(COLUMNS, ROWS.slice(0, 1), { eventTime: 'e', firstArrival: 2n }),
      await bench().accept(old, [{ e: START, v: 8n }], { eventTime: 'e', firstArrival: 3n }),
    ];
    const { content } = await bench().arrivals({ files, columns: COLUMNS, after: 0n, upTo: 9n });
    expect(content).toEqual([
      { k: null, e: START, v: 7, arrival: 1n },
      { ...ROWS[0], arrival: 2n },
      { k: null, e: START, v: 8, arrival: 3n },
    ]);
  });

  it('refuses what it cannot select from, and leaves no file', async () => {
    const [file = ''] = await filesOf();
    const outputFile = bench().path('parquet');
    const base = { files: [file], columns: COLUMNS, arrivalColumn: 'arrival', after: 0n, upTo: 9n, outputFile };
    const select = (job: Partial<typeof base>) => bench().store.selectArrivals({ ...base, ...job }, never);
    await expect(select({ arrivalColumn: 'K' })).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(select({ columns: [column('v', 'boolean')] })).rejects.toBeInstanceOf(InvalidArgumentError);
    const joined = await bench().join({
      entities: bench().csv(COLUMNS, ROWS),
      entityColumns: COLUMNS,
      eventTime: 'e',
      views: [],
    });
    await expect(select({ files: [joined.file] })).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(existsSync(outputFile)).toBe(false);
    await select({});
    await expect(select({})).rejects.toBeInstanceOf(AlreadyExistsError);
  });

  it('reads columns of a file in the order of its rows, in batches of at most 65536', async () => {
    const count = 150_000;
    const wide = [
      column('row', 'integer'),
      column('stamp', 'timestamp'),
      column('s', 'string'),
      column('b', 'boolean'),
    ];
    const rows = Array.from({ length: count }, (_, index) => ({
      row: BigInt(index),
      stamp: START + BigInt(index),
      s: index % 7 === 0 ? null : `text of row ${index}`,
      b: index % 3 === 0,
    }));
    const { acceptedFile: file } = await bench().ingest(bench().csv(wide, rows), { columns: wide, eventTime: 'stamp' });
    const wanted = [column('s', 'string'), column('row', 'integer'), column('b', 'boolean')];
    let at = 0;
    for await (const batch of bench().store.readRows({ file, format: 'parquet' }, wanted, never)) {
      expect(batch.rows).toBeLessThanOrEqual(65_536);
      expect(batch.columns.map(({ name }) => name)).toEqual(['s', 'row', 'b']);
      const [s, number, b] = batch.columns.map(({ data }) => data);
      for (const place of [0, batch.rows >> 1, batch.rows - 1]) {
        const expected = rows[at + place];
        expect(number?.values[place]).toBe(expected?.row);
        expect(s?.present[place]).toBe(expected?.s === null ? 0 : 1);
        if (expected?.s !== null) expect(s?.values[place]).toBe(expected?.s);
        expect(b?.values[place]).toBe(expected?.b ? 1 : 0);
      }
      at += batch.rows;
    }
    expect(at).toBe(count);
  });

  it('reads text as the type that is wanted, and names the first value that is not of it', async () => {
    const table = bench().csvText('a,b\n1,x\n2,\n');
    expect(await bench().rows(table, [column('b', 'string'), column('a', 'number')])).toEqual([
      { b: 'x', a: 1 },
      { b: null, a: 2 },
    ]);
    const wrong = bench().rows(bench().csvText('a\n1\nx\n'), [column('a', 'integer')]);
    await expect(wrong).rejects.toThrow(/'x' in row 1 of .*is not of type integer/);
    await expect(bench().rows(table, [column('c', 'integer')])).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(bench().rows(table, [])).rejects.toBeInstanceOf(InvalidArgumentError);
  });

  it('holds the promises of all calls for these, too', async () => {
    const files = await filesOf();
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    const outputFile = bench().path('parquet');
    const job = { files, columns: COLUMNS, arrivalColumn: 'arrival', after: 0n, upTo: 9n, outputFile };
    const table = { file: files[0] ?? '', format: 'parquet' as const };
    await expect(bench().store.selectArrivals(job, aborted)).rejects.toBe(reason);
    const first = (signal: AbortSignal, store = bench().store) =>
      store.readRows(table, COLUMNS, signal)[Symbol.asyncIterator]().next();
    await expect(first(aborted)).rejects.toBe(reason);
    expect(existsSync(outputFile)).toBe(false);
    const unopened = storage().create();
    await expect(unopened.selectArrivals(job, never)).rejects.toBeInstanceOf(FailedPreconditionError);
    await expect(first(never, unopened)).rejects.toBeInstanceOf(FailedPreconditionError);
    for await (const batch of bench().store.readRows(table, COLUMNS, never)) {
      expect(batch.rows).toBe(2);
      break;
    }
    await bench().store.close(); // does not wait for a reader that has gone
  });
}
