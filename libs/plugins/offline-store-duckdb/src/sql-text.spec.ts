import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { InvalidArgumentError } from '@slipway/plugin-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { double, identifier, inputPath, text } from './sql-text.ts';

const hostile = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }),
  fc.string({
    minLength: 1,
    maxLength: 30,
    unit: fc.constantFrom('"', "'", ';', '-', '-', '\\', '$', '{', '}', '%', '\n', 'a', ' ', '/*', '*/', '`', '[', ']'),
  }),
  fc.constantFrom(`"; DROP TABLE x; --`, `' OR 1=1 --`, `$1`, `$$`, `\\'`, `""""`, 'select', '🛫', `a"b'c`),
);

describe('text from outside in a statement', () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(':memory:');
    connection = await instance.connect();
  });
  afterAll(() => {
    connection.closeSync();
    instance.closeSync();
  });

  it('stays one name or one value, for all text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 8 }), hostile, async (names, value) => {
        const kept = [...new Set(names)].filter((name) => name.isWellFormed() && !name.includes('\0'));
        fc.pre(kept.length > 0 && value.isWellFormed() && !value.includes('\0'));
        const result = await connection.run(
          `SELECT ${kept.map((name) => `${text(value)} AS ${identifier(name)}`).join(', ')}`,
        );
        expect(result.columnNames()).toEqual(kept);
        expect(await result.getRows()).toEqual([kept.map(() => value)]);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused where DuckDB would change or cut it', () => {
    for (const value of ['a\0b', '\ud800']) {
      expect(() => identifier(value)).toThrow(InvalidArgumentError);
      expect(() => text(value)).toThrow(InvalidArgumentError);
    }
    expect(() => identifier('')).toThrow(InvalidArgumentError);
    for (const file of ['https://127.0.0.1/x.parquet', 's3://b/x', 'x.parquet', ''])
      expect(() => inputPath(file)).toThrow(InvalidArgumentError);
  });

  it('gives the same bits of a number, for all doubles', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double(), async (value) => {
        const [row] = await (await connection.run(`SELECT ${double(value)}`)).getRows();
        expect(Object.is(row?.[0], value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
