import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ColumnSpec, ColumnType } from '../column.ts';
import { InvalidArgumentError } from '../index.ts';
import type { ColumnRules, IngestJob } from '../offline-store.ts';
import { never, plainView, START, type Bench } from './offline-store-harness.ts';

const column = (name: string, type: ColumnType): ColumnSpec => ({ name, type });
const TIME = column('t', 'timestamp');
const ROW = column('row', 'integer');
const AT = '2001-01-01T00:00:00Z';

/** Ingests one column `v` of these texts; gives the values that were accepted and the reasons for the others. */
async function check(bench: Bench, type: ColumnType, texts: readonly string[], rules: ColumnRules = {}) {
  const lines = texts.map((text, row) => `${row},${AT},"${text.replaceAll('"', '""')}"`);
  const columns = [ROW, TIME, column('v', type)];
  const result = await bench.ingest(bench.csvText(`row,t,v\n${lines.join('\n')}\n`), {
    columns,
    eventTime: 't',
    rules: { v: rules },
  });
  const accepted = await bench.latest(plainView('v', [result.acceptedFile], [ROW], columns));
  const rejected = result.rejectedRows > 0 ? await bench.store.readRejected(result.rejectedFile, 0n, 1000, never) : [];
  return { result, accepted: accepted.map(({ v }) => v), rejected };
}

/** Sentences on `ingest`, `readRejected` and `columnsOf`. */
export function ingestContract(bench: () => Bench): void {
  it('reads integers exactly, all 64 bits', async () => {
    const texts = ['9223372036854775807', '-9223372036854775808', '9007199254740993', '+5', '007'];
    const { accepted } = await check(bench(), 'integer', texts);
    expect(accepted).toEqual([2n ** 63n - 1n, -(2n ** 63n), 9007199254740993n, 5n, 7n]);
  });

  it.each([
    ['integer', ['1.5', '1e3', '9223372036854775808', 'x', '0x10', '1_000', ' 5', 'true']],
    ['number', ['x', '1e400', '1,5', '0x10', '1_0', '--1', 'infinitely']],
    ['boolean', ['yes', '2', 'tru']],
    [
      'timestamp',
      ['2001-02-30T00:00:00Z', '2001-01-01T00:00', 'now', 'epoch', 'infinity', '1.1.2001', '2001-01-01T00:00:00+25:00'],
    ],
  ] as const)('rejects text that is not of type %s, by rule type', async (type, texts) => {
    const { result, rejected } = await check(bench(), type, texts);
    expect(result).toMatchObject({ acceptedRows: 0, rejectedRows: texts.length });
    expect(result.rejections).toEqual([{ column: 'v', rule: 'type', rows: texts.length }]);
    expect(rejected.map(({ breaches }) => breaches)).toEqual(
      texts.map((text) => [{ column: 'v', rule: 'type', reason: `'${text}' is not of type ${type}` }]),
    );
  });

  it('reads numbers with NaN and the infinities, booleans as words and digits, and empty fields as null', async () => {
    const numbers = await check(bench(), 'number', ['NaN', 'inf', '-Infinity', '1.5e-3', '-0.0', '5e-324', '']);
    expect(numbers.accepted).toEqual([NaN, Infinity, -Infinity, 0.0015, -0, 5e-324, null]);
    const booleans = await check(bench(), 'boolean', ['true', 'FALSE', '1', '0', '']);
    expect(booleans.accepted).toEqual([true, false, true, false, null]);
  });

  it('reads times in ISO 8601, without an offset as UTC, to the microsecond', async () => {
    const texts = [
      '2001-01-01T00:00:00.000001',
      '2001-01-01 02:00:00+02:00',
      '2001-01-01',
      '1969-12-31T23:59:59.999999Z',
      '0001-01-01T00:00:00Z',
    ];
    const { accepted } = await check(bench(), 'timestamp', texts);
    expect(accepted).toEqual([START + 1n, START, START, -1n, -62135596800000000n]);
  });

  it('keeps text as it is: quotes, line breaks, any script', async () => {
    const texts = [`it's "quoted"`, 'two\nlines', 'naïve 🛫', ' spaces ', "'); DROP TABLE x; --", '\\n', 'NULL'];
    const { accepted } = await check(bench(), 'string', texts);
    expect(accepted).toEqual(texts);
  });

  it.each([
    ['integer', { minimum: -60 }, ['-60', '-59'], ['-61']],
    ['integer', { maximum: 1440 }, ['1440'], ['1441']],
    ['integer', { exclusiveMinimum: 0, exclusiveMaximum: 3 }, ['1', '2'], ['0', '3']],
    ['integer', { minimum: 0.5 }, ['1'], ['0', '-1']],
    ['integer', { exclusiveMaximum: -0.5 }, ['-1'], ['0']],
    ['integer', { minimum: 2 ** 53 }, ['9007199254740992', '9007199254740993'], ['9007199254740991']],
    ['integer', { exclusiveMinimum: 2 ** 53 }, ['9007199254740993'], ['9007199254740992']],
    ['integer', { maximum: 1e300, minimum: -Infinity }, ['9223372036854775807'], []],
    [
      'number',
      { minimum: 0.1, maximum: 0.3 },
      ['0.1', '0.3', '0.2'],
      ['0.09999999999999999', '0.30000000000000004', 'NaN', 'inf'],
    ],
    ['number', { exclusiveMinimum: 0 }, ['5e-324', 'inf'], ['0', '-0.0', 'NaN', '-inf']],
    ['string', { minLength: 2, maxLength: 3 }, ['ab', '🛫🛫', 'äöü'], ['a', 'abcd']],
    ['string', { pattern: '[A-Z]{3}' }, ['ATL'], ['ATLX', 'xATL', 'atl', 'AT']],
    ['string', { validValues: ['a', "b'c"] }, ['a', "b'c"], ['b', 'A']],
    ['integer', { validValues: ['1', '2'] }, ['1', '02'], ['3']],
    ['string', { required: true }, ['x'], ['']],
    ['number', { unique: true }, ['1', '2', ''], []],
  ] as const)(
    'holds a column of type %s to %j, bounds inclusive unless they say exclusive',
    async (type, rules, good, bad) => {
      const { result, accepted, rejected } = await check(bench(), type, [...good, ...bad], rules);
      expect(accepted).toHaveLength(good.length);
      expect(result).toMatchObject({ acceptedRows: good.length, rejectedRows: bad.length });
      for (const [index, { row, breaches, values }] of rejected.entries()) {
        expect(row).toBe(BigInt(good.length + index));
        expect(values['v'] ?? '').toBe(bad[index]);
        expect(Object.keys(rules)).toContain(breaches[0]?.rule);
        expect(breaches[0]?.reason).toContain(bad[index] === '' ? 'required' : `'${bad[index]}'`);
      }
    },
  );

  it('lets a null pass all rules but required', async () => {
    const rules = { minLength: 1, pattern: 'x', validValues: ['x'], unique: true };
    expect((await check(bench(), 'string', ['', ''], rules)).result.acceptedRows).toBe(2);
  });

  it('keeps the first row that has a unique value, and names it to the others', async () => {
    const { result, rejected } = await check(bench(), 'string', ['a', 'b', 'a', '', '', 'a'], { unique: true });
    expect(result.rejections).toEqual([{ column: 'v', rule: 'unique', rows: 2 }]);
    expect(rejected.map(({ row }) => row)).toEqual([2n, 5n]);
    expect(rejected[0]?.breaches[0]?.reason).toBe(`'a' is there already, in row 0`);
  });

  it('holds a file to its unique key, which may have several columns', async () => {
    const columns = [TIME, column('a', 'string'), column('b', 'integer')];
    const text = `t,a,b\n${AT},1,23\n${AT},12,3\n${AT},1,23\n${AT},,5\n${AT},,5\n`;
    const { rejections, acceptedRows } = await bench().ingest(bench().csvText(text), {
      columns,
      eventTime: 't',
      uniqueKey: ['a', 'b'],
    });
    expect(acceptedRows).toBe(4);
    expect(rejections).toEqual([{ column: 'a, b', rule: 'uniqueKey', rows: 1 }]);
  });

  it('lists each rule that a row broke and counts the row for each', async () => {
    const { result, rejected } = await check(bench(), 'integer', ['5', '99', 'x'], {
      maximum: 10,
      exclusiveMaximum: 50,
    });
    expect(result.rejectedRows).toBe(2);
    expect(result.rejections).toEqual([
      { column: 'v', rule: 'type', rows: 1 },
      { column: 'v', rule: 'maximum', rows: 1 },
      { column: 'v', rule: 'exclusiveMaximum', rows: 1 },
    ]);
    expect(rejected[0]?.breaches.map(({ reason }) => reason)).toEqual([
      `'99' is greater than the maximum 10`,
      `'99' is not less than the exclusive maximum 50`,
    ]);
  });

  it('rejects a null event or created time by rule required', async () => {
    const columns = [TIME, column('c', 'timestamp')];
    const table = bench().csvText(`t,c\n${AT},\n,${AT}\n,\n${AT},${AT}\n`);
    const result = await bench().ingest(table, { columns, eventTime: 't', createdTime: 'c' });
    expect(result).toMatchObject({ acceptedRows: 1, rejectedRows: 3 });
    expect(result.rejections).toEqual([
      { column: 't', rule: 'required', rows: 2 },
      { column: 'c', rule: 'required', rows: 2 },
    ]);
  });

  it('numbers accepted rows in the order of the file, rejected ones without a number', async () => {
    const columns = [ROW, TIME];
    const lines = Array.from({ length: 20_000 }, (_, row) => `${row % 7 === 3 ? 'x' : row},${AT}`);
    const result = await bench().ingest(bench().csvText(`row,t\n${lines.join('\n')}\n`), {
      columns,
      eventTime: 't',
      firstArrival: 1000n,
    });
    const rows = await bench().latest(plainView('v', [result.acceptedFile], [ROW], columns));
    const good = lines.flatMap((_, row) => (row % 7 === 3 ? [] : [BigInt(row)]));
    const byArrival = [...rows].sort((a, b) => Number((a['__arrival'] as bigint) - (b['__arrival'] as bigint)));
    expect(byArrival.map(({ row }) => row)).toEqual(good);
    expect(byArrival.map(({ __arrival }) => __arrival)).toEqual(good.map((_, index) => 1000n + BigInt(index)));
    const rejected = await bench().store.readRejected(result.rejectedFile, 10n, 2, never);
    expect(rejected.map(({ row }) => row)).toEqual([10n, 17n]);
  });

  it('tells first and last event time of accepted rows only, and takes them as created times when there are none', async () => {
    const columns = [ROW, TIME];
    const text = 'row,t\n1,2001-01-01T00:00:05Z\n2,2001-01-01T00:00:03Z\nx,2001-01-01T00:00:09Z\n';
    const result = await bench().ingest(bench().csvText(text), { columns, eventTime: 't' });
    expect(result.eventTimes).toEqual({ first: START + 3_000_000n, last: START + 5_000_000n });
    const rows = await bench().latest(plainView('v', [result.acceptedFile], [ROW], columns));
    expect(rows.map(({ __event, __created }) => [__event, __created])).toEqual(rows.map(({ t }) => [t, t]));
  });

  it('takes columns by their names in the file and leaves out those that the job does not name', async () => {
    const columns = [
      { ...ROW, sourceColumn: 'Ro w' },
      { ...TIME, sourceColumn: 't' },
    ];
    const result = await bench().ingest(bench().csvText(`other,"Ro w",t\nx,1,${AT}\ny,z,${AT}\n`), {
      columns,
      eventTime: 't',
    });
    const names = (await bench().store.columnsOf({ file: result.acceptedFile, format: 'parquet' }, never)).map(
      ({ name }) => name,
    );
    expect(names).toEqual(expect.arrayContaining(['row', 't']));
    expect(names).not.toContain('other');
    const [rejected] = await bench().store.readRejected(result.rejectedFile, 0n, 10, never);
    expect(rejected).toMatchObject({ row: 1n, values: { other: 'y', 'Ro w': 'z', t: AT } });
  });

  it('accepts a file without rows, and writes no second file when none is rejected', async () => {
    const empty = await bench().ingest(bench().csvText('row,t\n'), { columns: [ROW, TIME], eventTime: 't' });
    expect(empty).toMatchObject({ acceptedRows: 0, rejectedRows: 0, rejections: [], eventTimes: undefined });
    expect(existsSync(empty.acceptedFile)).toBe(true);
    expect(existsSync(empty.rejectedFile)).toBe(false);
  });

  it('guesses the types of a CSV file by all its values', async () => {
    const text = `a,b,c,d,e,f\n1,1,true,${AT},x,\n2,1.5,false,2001-01-02,2,\n`;
    expect(await bench().store.columnsOf(bench().csvText(text), never)).toEqual([
      column('a', 'integer'),
      column('b', 'number'),
      column('c', 'boolean'),
      column('d', 'timestamp'),
      column('e', 'string'),
      column('f', 'string'),
    ]);
  });

  it.each([
    ['a column that the file lacks', { columns: [column('absent', 'string'), TIME], eventTime: 't' }, 'absent'],
    ['a minimum for text', { columns: [TIME, ROW], eventTime: 't', rules: { t: { minimum: 1 } } }, 't.minimum'],
    [
      'a length for integers',
      { columns: [TIME, ROW], eventTime: 't', rules: { row: { minLength: 1 } } },
      'row.minLength',
    ],
    [
      'a pattern for integers',
      { columns: [TIME, ROW], eventTime: 't', rules: { row: { pattern: 'x' } } },
      'row.pattern',
    ],
    [
      'a pattern that is none',
      { columns: [TIME, column('s', 'string')], eventTime: 't', rules: { s: { pattern: 'a(' } } },
      's.pattern',
    ],
    ['an event time that is no time', { columns: [TIME, ROW], eventTime: 'row' }, 'row'],
    ['an event time that is no column', { columns: [TIME, ROW], eventTime: 'u' }, 'u'],
    ['a unique key that is no column', { columns: [TIME, ROW], eventTime: 't', uniqueKey: ['u'] }, 'u'],
  ] as const)('refuses %s, naming it', async (_, options, named) => {
    const table = bench().csvText(`row,t,s\n1,${AT},x\n`);
    const failure = await bench()
      .ingest(table, options as Parameters<Bench['ingest']>[1])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toContain(named);
    if (named === 'absent') expect((failure as Error).message).toContain(table.file);
    expect(readdirSync(bench().directory)).toEqual([expect.stringMatching(/^\d+\.csv$/)]);
  });

  it.each([
    ['csv', 'a,t\n"1,x\n'],
    ['csv', `a,t\n1,${AT}\n1,2,3\n`],
    ['csv', ''],
    ['parquet', 'PAR1 but no more'],
  ] as const)('refuses a broken %s file, naming it', async (format, content) => {
    const { file } = bench().csvText(content);
    const options = { columns: [TIME], eventTime: 't' };
    const failure = await bench()
      .ingest({ file, format }, options)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toContain(file);
    await expect(bench().store.columnsOf({ file: `${file}.absent`, format }, never)).rejects.toThrow(`${file}.absent`);
  });

  it('leaves an existing file alone', async () => {
    const { file } = bench().csvText('row,t\n');
    const job: Partial<IngestJob> = { acceptedFile: file };
    await expect(
      bench().ingest({ file, format: 'csv' }, { columns: [ROW, TIME], eventTime: 't', ...job }),
    ).rejects.toMatchObject({ kind: 'already-exists' });
    expect(await bench().store.columnsOf({ file, format: 'csv' }, never)).toHaveLength(2);
  });
}
