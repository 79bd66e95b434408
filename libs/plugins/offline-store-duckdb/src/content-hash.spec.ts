import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ColumnSpec } from '@slipway/plugin-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContentHash } from './content-hash.ts';
import { openStore, type OpenStore } from './testing/open-store.ts';

const signal = new AbortController().signal;
const COLUMNS: readonly ColumnSpec[] = [
  { name: 'i', type: 'integer' },
  { name: 'x', type: 'number' },
  { name: 's', type: 'string' },
  { name: 'b', type: 'boolean' },
  { name: 't', type: 'timestamp' },
];
const ROWS = `SELECT range AS i, CASE WHEN range % 5 = 0 THEN NULL ELSE range / 7 END AS x,
  CASE WHEN range % 3 = 0 THEN NULL WHEN range % 3 = 1 THEN 's' || range ELSE 'a text longer than twelve bytes ' || range END AS s,
  range % 2 = 0 AS b, make_timestamp(range * 1000003) AS t FROM range(50000)`;

describe('the hash of a content', () => {
  let open: OpenStore;
  let files = 0;
  beforeAll(async () => {
    open = await openStore();
  });
  afterAll(() => open.close());

  async function hash(select: string, options = 'FORMAT parquet', columns = COLUMNS): Promise<string> {
    const name = join(open.directory, String((files += 1)));
    await open.sql(`COPY (${select}) TO '${name}' (${options})`);
    const format = options.startsWith('FORMAT csv') ? 'csv' : 'parquet';
    const job = {
      entities: { file: name, format } as const,
      entityColumns: columns,
      eventTime: 't',
      views: [],
      outputFile: `${name}.out`,
      onProgress: () => undefined,
    };
    return (await open.store.joinPointInTime(job, signal)).contentSha256;
  }

  it('does not depend on how a file is laid out', async () => {
    const first = await hash(ROWS);
    expect(await hash(ROWS, 'FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION zstd')).toBe(first);
    expect(await hash(ROWS, 'FORMAT csv, HEADER')).toBe(first);
  });

  it('does not depend on how rows are cut into chunks', async () => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const columns = COLUMNS.filter(({ name }) => ['i', 's'].includes(name));
    const of = async (rows: string) => {
      const content = new ContentHash(columns);
      const text = `CASE WHEN i % 3 = 0 THEN NULL ELSE 'a text longer than twelve bytes ' || i END`;
      const result = await connection.stream(`SELECT i, ${text} AS s FROM (${rows})`);
      let chunks = 0;
      for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
        content.update(chunk);
        chunks += 1;
      }
      return { chunks, ...content.digest() };
    };
    const whole = await of('SELECT range AS i FROM range(10000)');
    const cut = await of('SELECT range // 2 AS i FROM range(20000) WHERE range % 2 = 0');
    connection.closeSync();
    instance.closeSync();
    expect(cut.chunks).toBeGreaterThan(whole.chunks);
    expect({ ...cut, chunks: whole.chunks }).toEqual(whole);
  });

  it.each([
    ['the order of rows', `${ROWS} ORDER BY range DESC`],
    ['one value', ROWS.replace('range / 7', 'CASE WHEN range = 49999 THEN 1 ELSE range / 7 END')],
    [
      'the end of a long text',
      ROWS.replace("bytes ' || range", `bytes ' || CASE WHEN range = 49997 THEN 49998 ELSE range END`),
    ],
    ['which rows are null', ROWS.replace('range % 5 = 0', 'range % 5 = 1')],
    ['a row less', ROWS.replace('50000', '49999')],
  ])('depends on %s', async (_, other) => {
    expect(await hash(other)).not.toBe(await hash(ROWS));
  });

  it('is one for all NaN, and another for null and for zero', async () => {
    const of = (value: string): Promise<string> =>
      hash(
        `SELECT ${value} AS x, TIMESTAMP '2001-01-01' AS t`,
        'FORMAT parquet',
        [COLUMNS[1], COLUMNS[4]].filter((column) => column !== undefined),
      );
    const nan = await of(`'NaN'::DOUBLE`);
    expect(await of(`-('NaN'::DOUBLE)`)).toBe(nan);
    expect(new Set([nan, await of('NULL::DOUBLE'), await of('0.0::DOUBLE'), await of('-0.0::DOUBLE')]).size).toBe(4);
  });
});
