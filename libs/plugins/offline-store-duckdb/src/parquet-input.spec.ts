import { join } from 'node:path';
import { InvalidArgumentError, type ColumnType } from '@slipway/plugin-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type OpenStore } from './testing/open-store.ts';

const signal = new AbortController().signal;

describe('Parquet files as input', () => {
  let open: OpenStore;
  beforeEach(async () => {
    open = await openStore();
  });
  afterEach(() => open.close());

  /** Ingests column `v` of a file with these values; gives what was accepted, as text, null or `rejected`. */
  async function readAs(type: ColumnType, values: string): Promise<readonly (string | null)[]> {
    const file = join(open.directory, 'in.parquet');
    await open.sql(`COPY (SELECT unnest([${values}]) AS v, TIMESTAMP '2001-01-01' AS t) TO '${file}'`);
    const job = {
      input: { file, format: 'parquet' as const },
      columns: [
        { name: 'v', type, rules: {} },
        { name: 't', type: 'timestamp' as const, rules: {} },
      ],
      eventTime: 't',
      uniqueKey: [],
      firstArrival: 0n,
      acceptedFile: join(open.directory, 'accepted.parquet'),
      rejectedFile: join(open.directory, 'rejected.parquet'),
    };
    const { rejectedRows } = await open.store.ingest(job, signal);
    const value = type === 'timestamp' ? 'epoch_us(v)' : 'v';
    const rows = await open.sql(`SELECT CAST(${value} AS VARCHAR) FROM '${job.acceptedFile}' ORDER BY __arrival`);
    return [
      ...rows.map(([text]) => (text === null || text === undefined ? null : String(text))),
      ...Array.from({ length: rejectedRows }, () => 'rejected'),
    ];
  }

  it.each([
    ['integer', '1::UTINYINT, 255', ['1', '255']],
    ['integer', '9223372036854775808::UBIGINT, 5', ['5', 'rejected']],
    ['integer', '3.0::DOUBLE, 3.5, 9223372036854775808.0, NULL', ['3', null, 'rejected', 'rejected']],
    ['integer', '9007199254740993::BIGINT', ['9007199254740993']],
    ['integer', `'7', 'x'`, ['7', 'rejected']],
    ['number', '1.5::FLOAT', ['1.5']],
    ['number', '12.25::DECIMAL(6,2)', ['12.25']],
    ['number', `2::BIGINT`, ['2.0']],
    ['string', '5::BIGINT', ['5']],
    ['string', `'a'::ENUM('a', 'b')`, ['a']],
    ['boolean', 'true, false, NULL', ['true', 'false', null]],
    ['timestamp', `DATE '1970-01-02'`, ['86400000000']],
    ['timestamp', `TIMESTAMP_NS '1969-12-31 23:59:59.999999999'`, ['-1']],
    ['timestamp', `TIMESTAMP_MS '1970-01-01 00:00:00.001'`, ['1000']],
    ['timestamp', `TIMESTAMPTZ '1970-01-01 02:00:00+02'`, ['0']],
    ['timestamp', `'infinity'::TIMESTAMP, '-infinity'::TIMESTAMP`, ['rejected', 'rejected']],
  ] as const)('are read as %s from %s', async (type, values, expected) => {
    expect(await readAs(type, values)).toEqual(expected);
  });

  it.each([
    ['string', '[1]'],
    ['integer', `{'a': 1}`],
    ['string', `'x'::BLOB`],
    ['integer', `TIMESTAMP '2001-01-01'`],
    ['timestamp', '5::BIGINT'],
    ['boolean', '1::BIGINT'],
  ] as const)('cannot be read as %s from %s: the error names column and file', async (type, values) => {
    const failure = await readAs(type, values).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toMatch(/column 'v' of '.*in\.parquet'/);
  });

  it('list the columns that can be read, in their order and with their exact names', async () => {
    const file = join(open.directory, `a=1 [x]*?'".parquet`);
    await open.sql(
      `COPY (SELECT 1 AS "B b", [1] AS nested, {'x': {'y': 1}} AS deeper, 'x' AS "a""'") TO '${file.replaceAll("'", "''")}'`,
    );
    expect(await open.store.columnsOf({ file, format: 'parquet' }, signal)).toEqual([
      { name: 'B b', type: 'integer' },
      { name: `a"'`, type: 'string' },
    ]);
  });

  it('keep the order of their rows over row groups, also where they have a column file_row_number', async () => {
    for (const extra of ['', ', 5 AS file_row_number']) {
      const file = join(open.directory, `in${extra.length}.parquet`);
      await open.sql(
        `COPY (SELECT range AS v, TIMESTAMP '2001-01-01' AS t${extra} FROM range(500000)) TO '${file}' (ROW_GROUP_SIZE 4096)`,
      );
      const [acceptedFile, rejectedFile] = [`${file}.accepted`, `${file}.rejected`];
      const columns = [
        { name: 'v', type: 'integer' as const, rules: { exclusiveMinimum: 9 } },
        { name: 't', type: 'timestamp' as const, rules: {} },
      ];
      await open.store.ingest(
        {
          input: { file, format: 'parquet' },
          columns,
          eventTime: 't',
          uniqueKey: [],
          firstArrival: 0n,
          acceptedFile,
          rejectedFile,
        },
        signal,
      );
      expect(
        await open.sql(
          `SELECT count(*), count(*) FILTER (v - 10 <> __arrival OR file_row_number <> __arrival) FROM read_parquet('${acceptedFile}', file_row_number = true)`,
        ),
      ).toEqual([[499990n, 0n]]);
      expect(await open.store.readRejected(rejectedFile, 8n, 5, signal)).toMatchObject([{ row: 8n }, { row: 9n }]);
    }
  });
});
