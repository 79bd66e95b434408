import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import type { TrainingColumn } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { readTrainingTable, type ReadTrainingTableOptions } from './read-training-table.ts';
import { writeTrainingTable } from './write-training-table.ts';

const never = new AbortController().signal;
const folder = temporaryDirectory();
afterAll(() => folder.remove());
let files = 0;
const newFile = (): string => join(folder.path, `[a*?'] ${(files += 1)}.parquet`); // a name is a name, not a pattern

/** A file made by DuckDB itself, from the rows of a statement. */
async function fileOf(select: string): Promise<string> {
  const file = newFile();
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(`copy (${select}) to '${file.replaceAll("'", "''")}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return file;
}

const read = (file: string, options: Partial<ReadTrainingTableOptions> = {}) =>
  readTrainingTable(file, { id: 'sha256:1', signal: never, ...options });

async function faultOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect((error as InvalidArgumentError).reason).toBe('TRAINING_DATA_INVALID');
  return (error as InvalidArgumentError).message;
}

const FLIGHTS = `select * from (values
  (1::tinyint, true, 2.5::decimal(5,2), 7::ubigint, 'ORD', 'x', timestamp '2001-01-01'),
  (-2, false, null, 9007199254740993, 'ABE', null, null),
  (null, null, -1.25, 0, 'ORD', 'é', null)) t(small, late, price, big, origin, gate, departs)`;

describe('readTrainingTable', () => {
  it('reads numbers, truth values and texts in the order of the file, and leaves other types out', async () => {
    const file = await fileOf(FLIGHTS);
    const table = await read(file, { columns: ['small', 'late', 'price', 'big', 'origin'].map((name) => ({ name })) });
    expect(table).toEqual({
      rows: 3,
      id: 'sha256:1',
      file,
      columns: [
        { name: 'small', kind: 'numeric', values: Float64Array.of(1, -2, Number.NaN) },
        { name: 'late', kind: 'numeric', values: Float64Array.of(1, 0, Number.NaN) },
        { name: 'price', kind: 'numeric', values: Float64Array.of(2.5, Number.NaN, -1.25) },
        { name: 'big', kind: 'numeric', values: Float64Array.of(7, 9007199254740992, 0) },
        { name: 'origin', kind: 'categorical', categories: ['ABE', 'ORD'], codes: Uint32Array.of(1, 0, 1) },
      ],
    });
    const withoutNulls = await fileOf(`select * exclude (gate) from (${FLIGHTS})`);
    expect((await read(withoutNulls)).columns.map(({ name }) => name)).toEqual(['small', 'late', 'price', 'big', 'origin']); // prettier-ignore
  });

  it('gives nulls and unknown values the categories that the caller names', async () => {
    const file = await fileOf(FLIGHTS);
    const columns = [
      { name: 'gate', nulls: 'none' },
      { name: 'origin', categories: ['ORD', 'elsewhere', 'never'], other: 'elsewhere' },
      { name: 'late', kind: 'categorical', nulls: 'unknown' },
    ] as const;
    expect((await read(file, { columns })).columns).toEqual([
      { name: 'gate', kind: 'categorical', categories: ['none', 'x', 'é'], codes: Uint32Array.of(1, 0, 2) },
      {
        name: 'origin',
        kind: 'categorical',
        categories: ['ORD', 'elsewhere', 'never'],
        codes: Uint32Array.of(0, 1, 0),
      },
      { name: 'late', kind: 'categorical', categories: ['false', 'true', 'unknown'], codes: Uint32Array.of(1, 0, 2) },
    ]);
  });

  it('reads times as microseconds where the caller says so', async () => {
    const file = await fileOf(`select * from (values
      (timestamp '2001-04-01 12:00:00.000001', timestamp_s '1969-12-31 23:59:59', timestamptz '2001-04-01 12:00:00+02', date '2001-04-01', timestamp_ns '2254-12-31 23:59:59.999999999'),
      (null, null, null, null, null)) t(departs, second, zoned, day, late)`);
    const columns = ['departs', 'second', 'zoned', 'day', 'late'].map((name) => ({ name, kind: 'time' as const }));
    const noon = Date.UTC(2001, 3, 1, 12) * 1000;
    expect((await read(file, { columns })).columns).toEqual([
      { name: 'departs', kind: 'numeric', values: Float64Array.of(noon + 1, Number.NaN) },
      { name: 'second', kind: 'numeric', values: Float64Array.of(-1_000_000, Number.NaN) },
      { name: 'zoned', kind: 'numeric', values: Float64Array.of(noon - 2 * 3600e6, Number.NaN) },
      { name: 'day', kind: 'numeric', values: Float64Array.of(noon - 12 * 3600e6, Number.NaN) },
      { name: 'late', kind: 'numeric', values: Float64Array.of(Date.UTC(2254, 11, 31, 23, 59, 59) * 1000 + 999_999, Number.NaN) },
    ]); // prettier-ignore
  });

  it.each<[string, ReadTrainingTableOptions['columns'], string]>([
    ['a null category', [{ name: 'gate' }], 'columns.gate: is null in row 1'],
    ['an unknown value', [{ name: 'origin', categories: ['ORD'] }], "columns.origin: is 'ABE' in row 1, which is none of its 1 categories"],
    ['a null although others have a category', [{ name: 'gate', categories: ['x'], other: 'x' }], 'columns.gate: is null in row 1'],
    ['a column that is not there', [{ name: 'Late' }], 'columns.Late: is not in the file'],
    ['a time', [{ name: 'departs' }], 'columns.departs: is TIMESTAMP'],
    ['a number as a time', [{ name: 'small', kind: 'time' }], 'columns.small: is TINYINT and cannot be read as time'],
    ['a time with categories', [{ name: 'departs', kind: 'time', categories: ['x'] }], 'columns.departs: is a time; categories'],
    ['a text as a number', [{ name: 'origin', kind: 'numeric' }], 'columns.origin: is VARCHAR and cannot be read as numeric'],
    ['categories of a number', [{ name: 'small', categories: ['1'] }], 'columns.small: is numeric; categories'],
    ['a category for others that is none', [{ name: 'origin', categories: ['ORD'], other: 'x' }], "`other` is 'x'"],
    ['a category for nulls that is none', [{ name: 'origin', categories: ['ORD'], nulls: 'x' }], "`nulls` is 'x'"],
    ['others of everything', [{ name: 'origin', other: 'x' }], 'columns.origin: has `other` but no `categories`'],
    ['a category twice', [{ name: 'origin', categories: ['ORD', 'ORD'] }], 'columns.origin: has a category twice'],
    ['no category', [{ name: 'origin', categories: [] }], 'columns.origin: has an empty list'],
    ['half a character', [{ name: 'origin', categories: ['\ud800'] }], 'columns.origin: has a category that is not valid'],
    ['a column twice', [{ name: 'big' }, { name: 'big' }], 'columns: has a column twice'],
    ['no columns', [], 'columns: is empty'],
  ])('refuses %s', async (_, columns, message) => {
    expect(await faultOf(read(await fileOf(FLIGHTS), { columns: columns ?? [] }))).toContain(message);
  }); // prettier-ignore

  it('refuses what is no Parquet, too large, or has too many categories', async () => {
    const text = newFile();
    writeFileSync(text, 'not Parquet');
    expect(await faultOf(read(text))).toContain('is not there or is no Parquet file');
    expect(await faultOf(read(newFile()))).toContain('is not there or is no Parquet file');
    const many = await fileOf('select range::varchar as id, range as n from range(100001)');
    expect(await faultOf(read(many))).toBe('columns.id: has more than 100000 different values');
    expect(await faultOf(read(many, { bytesMax: 1_000_000 }))).toContain('has 100001 rows, 1200012 bytes in memory');
    expect((await read(many, { columns: [{ name: 'n' }], bytesMax: 1_000_000 })).rows).toBe(100_001);
    const nothing = await fileOf('select null::varchar as empty');
    expect(await faultOf(read(nothing))).toBe('columns.empty: has no value in any row');
  });

  it('stops for a caller that has left', async () => {
    const file = await fileOf('select range as n, (range % 7)::varchar as c from range(3000000)');
    const left = AbortSignal.abort(new Error('the caller left'));
    await expect(read(file, { signal: left })).rejects.toThrow('the caller left');
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(new Error('no longer wanted')), 30);
    await expect(read(file, { signal: leaving.signal })).rejects.toThrow('no longer wanted');
  });

  it('reads millions of rows in order', async () => {
    const rows = 1_500_000;
    const file = await fileOf(`select range as n, 'c' || (range % 300) as c from range(${rows})`);
    const { columns } = await read(file);
    const [n, c] = columns;
    if (n?.kind !== 'numeric' || c?.kind !== 'categorical') throw new Error('other kinds than expected');
    expect(n.values.findIndex((value, row) => value !== row)).toBe(-1);
    expect(c.codes.findIndex((code, row) => c.categories[code] !== `c${row % 300}`)).toBe(-1);
  });

  it('reads texts with NUL, and refuses to write them', async () => {
    const file = await fileOf("select 'a' || chr(0) || range as c from range(3)");
    const { rows, columns } = await read(file);
    expect(columns).toEqual([
      {
        name: 'c',
        kind: 'categorical',
        categories: ['a\u00000', 'a\u00001', 'a\u00002'],
        codes: Uint32Array.of(0, 1, 2),
      },
    ]);
    expect(await faultOf(writeTrainingTable({ rows, columns }, newFile(), never))).toContain('NUL');
  });

  it.each<[string, readonly string[], string]>([
    ['c', [], 'columns.c: has an empty list of categories'],
    ['c', ['a', 'a', 'b'], 'columns.c: has a category twice'],
    ['c', ['a', '\ud800', 'b'], 'columns.c: has a category that is not valid Unicode'],
    ['N', ['a', 'b', 'c'], 'columns: has two names that differ by case only'],
  ])('refuses to write column %s with the categories %j', async (name, categories, message) => {
    const columns: TrainingColumn[] = [
      { name: 'n', kind: 'numeric', values: Float64Array.of(1, 2) },
      { name, kind: 'categorical', categories, codes: Uint32Array.of(0, 0) },
    ];
    expect(await faultOf(writeTrainingTable({ rows: 2, columns }, newFile(), never))).toContain(message);
  });

  it('gives back what was written, for all tables', async () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0'));
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((drawn) => !drawn.includes('\0'));
    const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, Infinity, -Infinity, Number.NaN, 2 ** 53, 5e-324));
    const columnOf = (rows: number) => (drawn: string) =>
      fc.oneof(
        fc
          .array(number, { minLength: rows, maxLength: rows })
          .map((values): TrainingColumn => ({ name: drawn, kind: 'numeric', values: Float64Array.from(values) })),
        fc.array(text, { minLength: rows, maxLength: rows }).map((values): TrainingColumn => {
          const categories = [...new Set(values)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          const codes = Uint32Array.from(values, (value) => categories.indexOf(value));
          return { name: drawn, kind: 'categorical', categories, codes };
        }),
      );
    const table = fc
      .tuple(
        fc.integer({ min: 1, max: 30 }),
        fc.uniqueArray(name, { minLength: 1, maxLength: 6, selector: (drawn) => drawn.toLowerCase() }),
      )
      .chain(([rows, names]) => fc.tuple(fc.constant(rows), fc.tuple(...names.map(columnOf(rows)))));
    await fc.assert(
      fc.asyncProperty(table, async ([rows, columns]) => {
        const file = newFile();
        await writeTrainingTable({ rows, columns }, file, never);
        expect(await read(file)).toEqual({ rows, columns, id: 'sha256:1', file });
        const reversed = columns.map((column) =>
          column.kind === 'numeric'
            ? { name: column.name }
            : { name: column.name, categories: column.categories.toReversed() },
        );
        const again = await read(file, { columns: reversed });
        for (const [index, column] of again.columns.entries()) {
          const before = columns[index];
          if (column.kind !== 'categorical' || before?.kind !== 'categorical') continue;
          expect(Array.from(column.codes, (code) => column.categories[code])).toEqual(
            Array.from(before.codes, (code) => before.categories[code]),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});
