import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sized } from '@slipway/testing';
import { putOutput } from '../testing/parquet-files.ts';
import { HOUR, KEYS, PredictionBench, T, until } from '../testing/prediction-bench.ts';

describe('stored predictions', () => {
  let bench: PredictionBench;
  beforeEach(async () => {
    bench = await PredictionBench.open();
  });
  afterEach(() => bench.close());

  it('are read by key with value, age and status, the latest row of each key', async () => {
    const one = await bench.outputOf('one', [
      ['a', 0.1, 1],
      ['b', 0.2, 2],
      ['a', 0.3, 3],
      ['c', null, 1],
      [null, 0.9, 1],
    ]);
    const two = await bench.outputOf('two', [
      ['a', 0.4, 3], // as late as the one before, and after it
      ['b', 0.5, 1],
      ['d', 0.6, 11], // later than what is asked for
    ]);
    const loaded = await bench.load('m1', [one, two]);
    expect(loaded).toMatchObject({ version: '1', rows: '7', manifest_uri: 'm1' });
    expect(await bench.get(['a', 'b', 'x', 'c', 'd', 'a'])).toEqual({
      version: '1',
      values: [0.4, 0.2, null, null, 0.6, 0.4],
      statuses: ['STORED', 'STORED', 'NOT_FOUND', 'STORED', 'STORED', 'STORED'],
      ages: [7, 8, 0, 9, 0, 7],
    });
    const { tables } = await bench.features.listPredictionTables({});
    expect(tables).toMatchObject([
      { name: 'late', keys: KEYS, outputs: ['probability'], version: '1', manifest_uri: 'm1', rows: '7', fallback: {} },
    ]);
  });

  it('give the fallback of the table for keys that are unknown, and say so', async () => {
    await bench.load('m1', [await bench.outputOf('one', [['a', 0.1, 1]])], { fallback: { probability: 0.25 } });
    expect(await bench.get(['a', 'x'])).toMatchObject({
      values: [0.1, 0.25],
      statuses: ['STORED', 'FALLBACK'],
      ages: [9, 0],
    });
    await bench.load('m2', [await bench.outputOf('two', [['a', 0.1, 1]])]); // a load without one takes it away
    expect(await bench.get(['x'])).toMatchObject({ values: [null], statuses: ['NOT_FOUND'], version: '2' });
  });

  it('show another load as a whole, drop the one before, and load a manifest once', async () => {
    await bench.load('m1', [await bench.outputOf('one', [['a', 0.1, 1], ['b', 0.2, 1]])]); // prettier-ignore
    const [before] = await bench.versions();
    const two = await bench.outputOf('two', [['a', 0.9, 0]]); // an earlier time: another version is not compared
    expect(await bench.load('m2', [two])).toMatchObject({ version: '2' });
    expect(await bench.get(['a', 'b'])).toMatchObject({ values: [0.9, null], version: '2' });
    const again = await bench.load('m1', [{ ...two, sha256: 'f'.repeat(64) }]); // is not even looked at
    expect(again).toMatchObject({ version: '2', manifest_uri: 'm2' });
    await until(async () => (await bench.versions()).length === 1);
    expect(await bench.versions()).toMatchObject([{ version: 2, state: 'served' }]);
    const table = { workspace: 'default', view: 'predictions/late', schema: before?.online_schema ?? '' };
    const key = Buffer.concat([Buffer.of(1, 0, 0, 0, 1), Buffer.from('a')]);
    const [rows] = await bench.installation.online.read([{ table, keys: [key] }], AbortSignal.timeout(1000));
    expect(rows).toEqual([undefined]);
    expect(await bench.get(['a'])).toMatchObject({ values: [0.9] });
    const outbox = await bench.installation.database.read(({ sql }) =>
      sql.all<{ event: string }>(
        `select event from slipway_outbox where type like '%predictions.loaded%' order by position`,
      ),
    );
    expect(outbox.map(({ event }) => (JSON.parse(event) as { data: unknown }).data)).toEqual([
      { table: 'late', version: '1', rows: '2', manifest_uri: 'm1' },
      { table: 'late', version: '2', rows: '1', manifest_uri: 'm2' },
    ]);
  });

  it('are written by row: the first makes the table, the greatest time and sequence stays, a repeat changes nothing', async () => {
    expect(await bench.write([['a', 0.1, 1, 5], ['b', 0.2, 1, 6]])).toEqual({ stored: '2' }); // prettier-ignore
    expect(await bench.get(['a', 'b', 'c'])).toMatchObject({ version: '0', values: [0.1, 0.2, null], ages: [9, 9, 0] });
    expect(await bench.write([['a', 0.1, 1, 5], ['b', 0.2, 1, 6]])).toEqual({ stored: '0' }); // prettier-ignore
    expect(await bench.write([['a', 0.7, 1, 4], ['b', 0.8, 1, 7]])).toEqual({ stored: '1' }); // prettier-ignore
    expect(await bench.write([['a', 0.6, 0, 99]])).toEqual({ stored: '0' });
    expect(await bench.write([['a', 0.5, 2, 0]])).toEqual({ stored: '1' });
    expect(await bench.get(['a', 'b'])).toMatchObject({ values: [0.5, 0.8] });
    const { tables } = await bench.features.listPredictionTables({});
    expect(tables).toMatchObject([{ version: '0', manifest_uri: '', rows: '0' }]);
  });

  it('keep what was written while a load went on, and replace what was written before', async () => {
    await bench.write([['old', 0.1, 1, 1], ['both', 0.1, 1, 1]]); // prettier-ignore
    const extra = `('both', 0.2, ${T + 2 * HOUR}), ('late', 0.3, ${T + 9 * HOUR})`;
    const file = await bench.manyOf('one', 200_000, extra);
    let isShown = false;
    const loading = bench.load('m1', [file]).then(() => {
      isShown = true;
    });
    await until(() => bench.isLoading());
    await bench.write([['new', 0.6, 1, 1], ['both', 0.7, 2, 1], ['late', 0.8, 3, 1]]); // prettier-ignore
    expect(isShown).toBe(false);
    expect(await bench.get(['new', 'flight-0'])).toMatchObject({ version: '0', values: [0.6, null] });
    await loading;
    expect(await bench.get(['old', 'new', 'both', 'late', 'flight-0'])).toMatchObject({
      version: '1',
      values: [null, 0.6, 0.7, 0.3, 0], // of one time the written row stays, of two times the later one
    });
  });

  it('lose no row that was answered after a load began, of writers that never stop', { timeout: 30_000 }, async () => {
    let number = 0;
    const over = new AbortController();
    const answered: string[] = [];
    const writer = async (): Promise<void> => {
      while (!over.signal.aborted) {
        number += 1;
        const key = `w${number}`;
        await bench.write([[key, 1, 1, number]]);
        answered.push(key);
      }
    };
    const files = await Promise.all([1, 2, 3, 4, 5, 6].map((name) => bench.manyOf(`f${name}`, 20_000)));
    const writers = Array.from({ length: 8 }, writer);
    try {
      for (const [index, file] of files.entries()) {
        let from = Infinity;
        bench.onBegun = () => {
          from = answered.length; // some of the rows to come were sent before
        };
        await bench.load(`m${index}`, [file]);
        const keys = answered.slice(from);
        expect(keys.length).toBeGreaterThan(8);
        for (let at = 0; at < keys.length; at += 1000) {
          const part = keys.slice(at, at + 1000);
          const { statuses } = await bench.get(part);
          expect(part.filter((_, row) => statuses[row] !== 'STORED')).toEqual([]);
        }
      }
    } finally {
      over.abort();
      await Promise.all(writers);
    }
  });

  it('are found whatever the order in which load and row name keys and outputs', async () => {
    const select = `select i as number, 'x' || i as code, i::DOUBLE as q, -i::DOUBLE as p, make_timestamptz(${T}) as due from range(20000) as r(i)`;
    const file = await putOutput(bench.installation.artifacts, await bench.parquet.write(select), 20_000, 'two-keys');
    const keysOf = (number: number) => ({ number: { integers: { values: [number] } }, code: { strings: { values: [`x${number}`] } } }); // prettier-ignore
    const put = (number: number, value: number) =>
      bench.features.writePredictions({
        table: 'late',
        keys: keysOf(number),
        outputs: { p: { numbers: { values: [value] } }, q: { numbers: { values: [value + 1] } } },
        time_micros: [T],
        sequences: [1],
      });
    let written: Promise<unknown> = Promise.resolve();
    bench.onBegun = () => {
      written = put(7, 0.5); // makes the table, its keys in another order than those of the load
    };
    const keys = [
      { name: 'number', type: 'COLUMN_TYPE_INTEGER' as const },
      { name: 'code', type: 'COLUMN_TYPE_STRING' as const },
    ];
    await bench.load('m1', [file], { keys, outputs: ['q', 'p'] });
    await written;
    await put(30_000, 0.25);
    const read = async (number: number) => {
      const { outputs, version } = await bench.features.getPredictions({ table: 'late', keys: keysOf(number) });
      return [version, outputs['p']?.numbers?.values[0], outputs['q']?.numbers?.values[0]];
    };
    expect(await read(7)).toEqual(['1', 0.5, 1.5]);
    expect(await read(8)).toEqual(['1', -8, 8]);
    expect(await read(30_000)).toEqual(['1', 0.25, 1.25]);
  });

  it('are not shown by a load that failed, and its rows are removed', async () => {
    await bench.load('m1', [await bench.outputOf('one', [['a', 0.1, 1]])]);
    const good = await bench.outputOf('good', [['a', 0.5, 1]]);
    const broken = { ...(await bench.outputOf('bad', [['a', 0.6, 1]])), sha256: 'f'.repeat(64) };
    const failed = bench.load('m2', [good, broken]);
    await expect(failed).rejects.toThrow(/PREDICTION_FILE_CHANGED file 'artifact:default\/batch\/bad' has digest/);
    expect(await bench.get(['a'])).toMatchObject({ version: '1', values: [0.1] });
    await until(async () => (await bench.versions()).length === 1);
    expect(await bench.load('m2', [good])).toMatchObject({ version: '2' }); // may be tried again
    expect(await bench.get(['a'])).toMatchObject({ values: [0.5] });
  });

  it('of many rows are loaded in a few seconds', { timeout: 60_000 }, async () => {
    const rows = sized({ small: 100_000, full: 500_000 });
    const file = await bench.manyOf('many', rows);
    const startedAt = performance.now();
    expect(await bench.load('many', [file])).toMatchObject({ version: '1', rows: String(rows + 1) });
    const seconds = (performance.now() - startedAt) / 1000;
    console.info(`${rows} predictions loaded in ${seconds.toFixed(2)} s`);
    expect(await bench.get(['flight-0', `flight-${rows - 1}`])).toMatchObject({ values: [0, (rows - 1) / rows] });
  });
});
