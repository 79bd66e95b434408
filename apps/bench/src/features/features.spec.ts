import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Opened } from '../measure/opened.ts';
import { openDuckdb } from './duckdb.ts';
import { compareJoins } from './hand-written-join.ts';
import { csvOf, FEATURES, KEYS, keysOfCalls, wideValues } from './measured-view.ts';

describe('comparison of joins', () => {
  it.each([
    ['another value', `SELECT * REPLACE (if(label = 7, 1, delay) AS delay) FROM joined`],
    ['a null instead of a value', `SELECT * REPLACE (if(label = 7, NULL, delay) AS delay) FROM joined`],
    ['another order', `SELECT * FROM joined ORDER BY label DESC`],
    ['a row less', `SELECT * FROM joined WHERE label < 9`],
  ])('refuses %s', async (_, other) => {
    await using opened = new Opened();
    const directory = opened.directory();
    const duckdb = await openDuckdb(directory, { threads: 1, memoryMebibytes: 128 });
    opened.onEnd(() => duckdb.close());
    const [one, changed] = [join(directory, 'one.parquet'), join(directory, 'other.parquet')];
    await duckdb.sql(
      `CREATE TABLE joined AS SELECT range AS label, TIMESTAMPTZ '2001-01-01' AS moment, 'ATL' AS origin, ` +
        `if(range = 3, NULL, 0) AS delay, 5 AS distance, 'LGA' AS destination FROM range(10)`,
    );
    await duckdb.sql(`COPY joined TO '${one}' (FORMAT parquet)`);
    await duckdb.sql(`COPY (${other}) TO '${changed}' (FORMAT parquet)`);
    await expect(compareJoins(duckdb, one, one)).resolves.toEqual({ rows: 10, found: 9 });
    await expect(compareJoins(duckdb, one, changed)).rejects.toThrow('rows differ');
  });
});

describe('the measured view', () => {
  it('has calls without a repeated key that all begin with another one', () => {
    const calls = keysOfCalls(1_000, 100);
    expect(calls.every((keys) => new Set(keys).size === 100)).toBe(true);
    expect(new Set(calls.map(([first]) => first)).size).toBe(1_000);
  });

  it('has one line for each key with the values of its row', () => {
    const values = wideValues(1);
    const lines = Buffer.concat([...csvOf(values)])
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(KEYS + 1);
    const cells = (lines[KEYS] ?? '').split(',').slice(2).map(Number);
    expect(cells).toEqual([...values.subarray(-FEATURES.length)]);
  });
});
