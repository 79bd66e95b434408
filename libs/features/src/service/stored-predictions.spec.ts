import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { sized, temporaryDirectory } from '@slipway/testing';
import { freshInstallation, type FeatureInstallation } from '../testing/feature-installation.ts';
import { openParquetFiles, putOutput, type ParquetFiles } from '../testing/parquet-files.ts';

const KEYS = [{ name: 'flight', type: 'COLUMN_TYPE_STRING' as const }];
const HOUR = 3_600_000_000;
const T = Date.parse('2001-05-01T00:00:00Z') * 1000;
const asOf = (micros: number) => ({ seconds: String(Math.floor(micros / 1e6)), nanos: 0 });

describe('stored predictions', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let installation: FeatureInstallation;
  let parquet: ParquetFiles;
  /** Called once the version that is loaded is known to others. */
  let onBegun: () => void;
  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    onBegun = () => undefined;
    installation = await freshInstallation(databases, directory.path, {
      limits: { retiredPredictionsMs: 200, reapEveryMs: 100, repositoryRefreshMs: 0 },
      mapSizeMebibytes: 512,
      hooks: { atStep: (step) => (step === 'begun' ? onBegun() : undefined) },
    });
    parquet = await openParquetFiles(directory.path);
  });
  afterEach(async () => {
    parquet.close();
    await installation.stop();
    await databases.stop();
    directory.remove();
  });

  /** Rows as `flight, probability, hours after T`. */
  const outputOf = async (name: string, rows: readonly (readonly [string | null, number | null, number | null])[]) => {
    const values = rows.map(([flight, value, hours]) => {
      const time = hours === null ? 'NULL' : `make_timestamptz(${T + hours * HOUR})`;
      return `(${flight === null ? 'NULL' : `'${flight}'`}, ${value ?? 'NULL'}::DOUBLE, ${time})`;
    });
    const file = await parquet.write(`select * from (values ${values.join(', ')}) as t(flight, probability, due)`);
    return putOutput(installation.artifacts, file, rows.length, name);
  };
  const begin = (manifest: string, files: object[], request: object = {}) =>
    installation.features.loadPredictions({
      table: 'late',
      manifest_uri: manifest,
      files,
      keys: KEYS,
      outputs: ['probability'],
      time_column: 'due',
      ...request,
    });
  const load = async (manifest: string, files: object[], request: object = {}) => {
    const done = await installation.finished((await begin(manifest, files, request)).operation);
    expect(done.result_type).toBe('slipway.features.v1.PredictionTable');
    return JSON.parse(done.result_json) as { version: string; rows: string; manifest_uri: string };
  };
  const get = async (flights: readonly string[], at = T + 10 * HOUR) => {
    const answer = await installation.features.getPredictions({
      table: 'late',
      keys: { flight: { strings: { values: [...flights] } } },
      as_of: asOf(at),
    });
    const { numbers, nulls } = answer.outputs['probability'] ?? {};
    return {
      version: answer.version,
      ages: answer.age_micros.map((age) => Number(age) / HOUR),
      statuses: answer.statuses.map((status) => status.replace('STORED_PREDICTION_STATUS_', '')),
      values: numbers?.values.map((value, row) => (nulls?.[row] ? null : value)),
    };
  };
  const write = (rows: readonly (readonly [string, number, number, number])[], table = 'late') =>
    installation.features.writePredictions({
      table,
      keys: { flight: { strings: { values: rows.map(([flight]) => flight) } } },
      outputs: { probability: { numbers: { values: rows.map(([, value]) => value) } } },
      time_micros: rows.map(([, , hours]) => T + hours * HOUR),
      sequences: rows.map(([, , , sequence]) => sequence),
    });
  const refusal = async (call: Promise<unknown>): Promise<DomainError> => {
    const error: unknown = await call.then(
      () => new Error('was not refused'),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DomainError);
    return error as DomainError;
  };
  const versions = () =>
    installation.database.read(({ sql }) =>
      sql.all<{ version: number; state: string; online_schema: string }>(
        'select version, state, online_schema from features_prediction_version order by version',
      ),
    );
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (let attempt = 0; attempt < 200 && !(await isSo()); attempt += 1)
      await new Promise((resolve) => setTimeout(resolve, 25));
    expect(await isSo()).toBe(true);
  };

  it('are read by key with value, age and status, the latest row of each key', async () => {
    const one = await outputOf('one', [
      ['a', 0.1, 1],
      ['b', 0.2, 2],
      ['a', 0.3, 3],
      ['c', null, 1],
      [null, 0.9, 1],
    ]);
    const two = await outputOf('two', [
      ['a', 0.4, 3], // as late as the one before, and after it
      ['b', 0.5, 1],
      ['d', 0.6, 11], // later than what is asked for
    ]);
    const loaded = await load('m1', [one, two]);
    expect(loaded).toMatchObject({ version: '1', rows: '7', manifest_uri: 'm1' });
    expect(await get(['a', 'b', 'x', 'c', 'd', 'a'])).toEqual({
      version: '1',
      values: [0.4, 0.2, null, null, 0.6, 0.4],
      statuses: ['STORED', 'STORED', 'NOT_FOUND', 'STORED', 'STORED', 'STORED'],
      ages: [7, 8, 0, 9, 0, 7],
    });
    const { tables } = await installation.features.listPredictionTables({});
    expect(tables).toMatchObject([
      { name: 'late', keys: KEYS, outputs: ['probability'], version: '1', manifest_uri: 'm1', rows: '7', fallback: {} },
    ]);
  });

  it('give the fallback of the table for keys that are unknown, and say so', async () => {
    await load('m1', [await outputOf('one', [['a', 0.1, 1]])], { fallback: { probability: 0.25 } });
    expect(await get(['a', 'x'])).toMatchObject({
      values: [0.1, 0.25],
      statuses: ['STORED', 'FALLBACK'],
      ages: [9, 0],
    });
    await load('m2', [await outputOf('two', [['a', 0.1, 1]])]); // a load without one takes it away
    expect(await get(['x'])).toMatchObject({ values: [null], statuses: ['NOT_FOUND'], version: '2' });
  });

  it('show another load as a whole, drop the one before, and load a manifest once', async () => {
    await load('m1', [await outputOf('one', [['a', 0.1, 1], ['b', 0.2, 1]])]); // prettier-ignore
    const [before] = await versions();
    const two = await outputOf('two', [['a', 0.9, 0]]); // an earlier time: another version is not compared
    expect(await load('m2', [two])).toMatchObject({ version: '2' });
    expect(await get(['a', 'b'])).toMatchObject({ values: [0.9, null], version: '2' });
    const again = await load('m1', [{ ...two, sha256: 'f'.repeat(64) }]); // is not even looked at
    expect(again).toMatchObject({ version: '2', manifest_uri: 'm2' });
    await until(async () => (await versions()).length === 1);
    expect(await versions()).toMatchObject([{ version: 2, state: 'served' }]);
    const table = { workspace: 'default', view: 'predictions/late', schema: before?.online_schema ?? '' };
    const key = Buffer.concat([Buffer.of(1, 0, 0, 0, 1), Buffer.from('a')]);
    const [rows] = await installation.online.read([{ table, keys: [key] }], AbortSignal.timeout(1000));
    expect(rows).toEqual([undefined]);
    expect(await get(['a'])).toMatchObject({ values: [0.9] });
    const outbox = await installation.database.read(({ sql }) =>
      sql.all(`select event from slipway_outbox where type like '%predictions.loaded%'`),
    );
    expect(outbox).toHaveLength(2);
  });

  it('are written by row: the first makes the table, the greatest time and sequence stays, a repeat changes nothing', async () => {
    expect(await write([['a', 0.1, 1, 5], ['b', 0.2, 1, 6]])).toEqual({ stored: '2' }); // prettier-ignore
    expect(await get(['a', 'b', 'c'])).toMatchObject({ version: '0', values: [0.1, 0.2, null], ages: [9, 9, 0] });
    expect(await write([['a', 0.1, 1, 5], ['b', 0.2, 1, 6]])).toEqual({ stored: '0' }); // prettier-ignore
    expect(await write([['a', 0.7, 1, 4], ['b', 0.8, 1, 7]])).toEqual({ stored: '1' }); // prettier-ignore
    expect(await write([['a', 0.6, 0, 99]])).toEqual({ stored: '0' });
    expect(await write([['a', 0.5, 2, 0]])).toEqual({ stored: '1' });
    expect(await get(['a', 'b'])).toMatchObject({ values: [0.5, 0.8] });
    const { tables } = await installation.features.listPredictionTables({});
    expect(tables).toMatchObject([{ version: '0', manifest_uri: '', rows: '0' }]);
  });

  /** So many that rows can be written while they are loaded. */
  const manyOf = async (name: string, rows: number, extra = `('seed', 0::DOUBLE, ${T})`) => {
    const range = `select 'flight-' || i as flight, i::DOUBLE / ${rows} as probability, ${T} + i as due from range(${rows}) as r(i)`;
    const all = `${range} union all select * from (values ${extra}) as v(flight, probability, due)`;
    const file = await parquet.write(`select * replace (make_timestamptz(due) as due) from (${all})`);
    const [count] = await parquet.rows(`select count(*) from '${file}'`);
    return putOutput(installation.artifacts, file, Number(count?.[0]), name);
  };
  const isLoading = async () => (await versions()).some(({ state }) => state === 'loading');

  it('keep what was written while a load went on, and replace what was written before', async () => {
    await write([['old', 0.1, 1, 1], ['both', 0.1, 1, 1]]); // prettier-ignore
    const extra = `('both', 0.2, ${T + 2 * HOUR}), ('late', 0.3, ${T + 9 * HOUR})`;
    const file = await manyOf('one', 200_000, extra);
    let isShown = false;
    const loading = load('m1', [file]).then(() => {
      isShown = true;
    });
    await until(isLoading);
    await write([['new', 0.6, 1, 1], ['both', 0.7, 2, 1], ['late', 0.8, 3, 1]]); // prettier-ignore
    expect(isShown).toBe(false);
    expect(await get(['new', 'flight-0'])).toMatchObject({ version: '0', values: [0.6, null] });
    await loading;
    expect(await get(['old', 'new', 'both', 'late', 'flight-0'])).toMatchObject({
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
        await write([[key, 1, 1, number]]);
        answered.push(key);
      }
    };
    const files = await Promise.all([1, 2, 3, 4, 5, 6].map((name) => manyOf(`f${name}`, 20_000)));
    const writers = Array.from({ length: 8 }, writer);
    try {
      for (const [index, file] of files.entries()) {
        let from = Infinity;
        onBegun = () => {
          from = answered.length; // some of the rows to come were sent before
        };
        await load(`m${index}`, [file]);
        const keys = answered.slice(from);
        expect(keys.length).toBeGreaterThan(8);
        for (let at = 0; at < keys.length; at += 1000) {
          const part = keys.slice(at, at + 1000);
          const { statuses } = await get(part);
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
    const file = await putOutput(installation.artifacts, await parquet.write(select), 20_000, 'two-keys');
    const keysOf = (number: number) => ({ number: { integers: { values: [number] } }, code: { strings: { values: [`x${number}`] } } }); // prettier-ignore
    const put = (number: number, value: number) =>
      installation.features.writePredictions({
        table: 'late',
        keys: keysOf(number),
        outputs: { p: { numbers: { values: [value] } }, q: { numbers: { values: [value + 1] } } },
        time_micros: [T],
        sequences: [1],
      });
    let written: Promise<unknown> = Promise.resolve();
    onBegun = () => {
      written = put(7, 0.5); // makes the table, its keys in another order than those of the load
    };
    const keys = [
      { name: 'number', type: 'COLUMN_TYPE_INTEGER' as const },
      { name: 'code', type: 'COLUMN_TYPE_STRING' as const },
    ];
    await load('m1', [file], { keys, outputs: ['q', 'p'] });
    await written;
    await put(30_000, 0.25);
    const read = async (number: number) => {
      const { outputs, version } = await installation.features.getPredictions({ table: 'late', keys: keysOf(number) });
      return [version, outputs['p']?.numbers?.values[0], outputs['q']?.numbers?.values[0]];
    };
    expect(await read(7)).toEqual(['1', 0.5, 1.5]);
    expect(await read(8)).toEqual(['1', -8, 8]);
    expect(await read(30_000)).toEqual(['1', 0.25, 1.25]);
  });

  it('are not shown by a load that failed, and its rows are removed', async () => {
    await load('m1', [await outputOf('one', [['a', 0.1, 1]])]);
    const good = await outputOf('good', [['a', 0.5, 1]]);
    const broken = { ...(await outputOf('bad', [['a', 0.6, 1]])), sha256: 'f'.repeat(64) };
    const failed = load('m2', [good, broken]);
    await expect(failed).rejects.toThrow(/PREDICTION_FILE_CHANGED file 'artifact:default\/batch\/bad' has digest/);
    expect(await get(['a'])).toMatchObject({ version: '1', values: [0.1] });
    await until(async () => (await versions()).length === 1);
    expect(await load('m2', [good])).toMatchObject({ version: '2' }); // may be tried again
    expect(await get(['a'])).toMatchObject({ values: [0.5] });
  });

  it('are refused with field and fix', async () => {
    const file = await outputOf('one', [['a', 0.1, 1]]);
    const failure = async (files: object[], request: object = {}): Promise<string> => {
      const failed: unknown = await load(`m${Math.random()}`, files, request).catch((error: unknown) => error);
      return String(failed);
    };
    expect(await failure([file], { outputs: ['probabilty'] })).toMatch(
      /PREDICTION_FILE_INVALID .*files\[0\].probabilty/,
    );
    expect(await failure([file], { time_column: 'probability', outputs: ['due'] })).toMatch(/PREDICTION_FILE_INVALID/);
    expect(await failure([{ ...file, rows: 7 }])).toMatch(/files\[0\].rows: says 7; the file has 1 rows/);
    expect(await failure([{ ...file, uri: 'artifact:other/batch/one' }])).toMatch(/not in workspace 'default'/);
    expect(await failure([{ ...file, uri: 'artifact:default/../other/x' }])).toMatch(
      /ARTIFACT_PATH_INVALID|not an artifact path/,
    );
    expect(await failure([{ ...file, uri: 'artifact:default/batch/none' }])).toMatch(/PREDICTION_FILE_MISSING/);
    expect(await failure([{ ...file, bytes: 3 }])).toMatch(/PREDICTION_FILE_CHANGED .*more than 3 bytes/);
    expect(await failure([{ ...file, bytes: 1_000_000 }])).toMatch(/PREDICTION_FILE_CHANGED .*of 1000000 bytes/);
    const timeless = await outputOf('timeless', [['a', 1, 1], ['b', 1, null]]); // prettier-ignore
    expect(await failure([timeless])).toMatch(/files\[0\].due: has no value in row 1/);
  });

  it('are refused at once where the request itself is wrong', async () => {
    const file = await outputOf('one', [['a', 0.1, 1]]);
    await load('m1', [file]);
    const refused = async (request: object, files: object[] = [file]): Promise<string> => {
      const { reason, message } = await refusal(begin('m', files, request));
      return `${reason} ${message}`;
    };
    expect(await refused({ fallback: { probabilty: 1 } })).toMatch(/PREDICTIONS_INVALID .*did you mean 'probability'/);
    expect(await refused({ fallback: { probability: NaN } })).toMatch(
      /fallback.probability: is NaN; give a finite number/,
    );
    expect(await refused({ outputs: ['flight'] })).toMatch(/outputs\[0\]: 'flight' is the key already/);
    expect(await refused({ time_column: 'flight' })).toMatch(/time_column: 'flight' is the key already/);
    expect(await refused({ keys: [{ name: 'flight' }] })).toMatch(/keys\[0\].type: say the type/);
    expect(await refused({}, [{ ...file, sha256: 'x' }])).toMatch(/files\[0\].sha256/);
    expect(await refused({}, [{ ...file, uri: 's3://x' }])).toMatch(/files\[0\].uri/);
    const mismatch = load('m3', [file], { keys: [{ name: 'flight', type: 'COLUMN_TYPE_INTEGER' }] });
    await expect(mismatch).rejects.toThrow(/PREDICTION_TABLE_MISMATCH .*keys \(flight string\)/);
    const ask = async (request: object): Promise<string> => {
      const keys = { flight: { strings: { values: ['a'] } } };
      const { reason, message } = await refusal(
        installation.features.getPredictions({ table: 'late', keys, ...request }),
      );
      return `${reason} ${message}`;
    };
    expect(await ask({ table: 'none' })).toMatch(/PREDICTION_TABLE_NOT_FOUND/);
    expect(await ask({ keys: { flight: { integers: { values: ['1'] } } } })).toMatch(
      /is of type integer; table 'late' has it as string/,
    );
    expect(await ask({ keys: { flght: { strings: { values: ['1'] } } } })).toMatch(
      /keys.flight: table 'late' has key 'flight'.*did you mean 'flight'/,
    );
    expect(await ask({ keys: { flight: { strings: { values: [] } } } })).toMatch(/has 0 rows; give 1 to 1000/);
    const rows = { flight: { strings: { values: ['a', 'b'] } } };
    const put = async (request: object): Promise<string> => {
      const base = { table: 'late', keys: rows, outputs: { probability: { numbers: { values: [1, 2] } } } };
      const times = { time_micros: [1, 2], sequences: [1, 2] };
      const { reason, message } = await refusal(
        installation.features.writePredictions({ ...base, ...times, ...request }),
      );
      return `${reason} ${message}`;
    };
    expect(await put({ time_micros: [1] })).toMatch(/time_micros: has 1 rows, 'keys.flight' has 2/);
    expect(await put({ outputs: { probability: { strings: { values: ['1', '2'] } } } })).toMatch(/give numbers/);
    expect(await put({ outputs: { p: { numbers: { values: [1, 2] } } } })).toMatch(
      /table 'late' has output 'probability'/,
    );
    const nulls = { flight: { strings: { values: ['a', ''] }, nulls: [false, true] } };
    expect(await put({ keys: nulls })).toMatch(/keys.flight: has no value in row 1/);
    expect(await put({ table: 'new', outputs: { Flight: { numbers: { values: [1, 2] } } } })).toMatch(/name it once/);
  });

  it('keep workspaces apart', async () => {
    const file = await outputOf('one', [['a', 0.1, 1]]);
    await load('m1', [file]);
    const other = installation.connect('other');
    const keys = { flight: { strings: { values: ['a'] } } };
    expect(await refusal(other.getPredictions({ table: 'late', keys }))).toMatchObject({ kind: 'not-found' });
    expect((await other.listPredictionTables({})).tables).toEqual([]);
    await other.writePredictions({
      table: 'late',
      keys,
      outputs: { p: { numbers: { values: [9] } } },
      time_micros: [1],
      sequences: [1],
    });
    expect(await get(['a'])).toMatchObject({ values: [0.1] });
  });

  it('of many rows are loaded in a few seconds', { timeout: 60_000 }, async () => {
    const rows = sized({ small: 100_000, full: 500_000 });
    const file = await manyOf('many', rows);
    const startedAt = performance.now();
    expect(await load('many', [file])).toMatchObject({ version: '1', rows: String(rows + 1) });
    const seconds = (performance.now() - startedAt) / 1000;
    console.info(`${rows} predictions loaded in ${seconds.toFixed(2)} s`);
    expect(await get(['flight-0', `flight-${rows - 1}`])).toMatchObject({ values: [0, (rows - 1) / rows] });
  });
});
