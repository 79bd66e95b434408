import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PredictionBench, refusal } from '../testing/prediction-bench.ts';

describe('stored predictions', () => {
  let bench: PredictionBench;
  beforeEach(async () => {
    bench = await PredictionBench.open();
  });
  afterEach(() => bench.close());

  it('are refused with field and fix', async () => {
    const file = await bench.outputOf('one', [['a', 0.1, 1]]);
    const failure = async (files: object[], request: object = {}): Promise<string> => {
      const failed: unknown = await bench.load(`m${Math.random()}`, files, request).catch((error: unknown) => error);
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
    const timeless = await bench.outputOf('timeless', [['a', 1, 1], ['b', 1, null]]); // prettier-ignore
    expect(await failure([timeless])).toMatch(/files\[0\].due: has no value in row 1/);
  });

  it('are refused at once where the request itself is wrong', async () => {
    const file = await bench.outputOf('one', [['a', 0.1, 1]]);
    await bench.load('m1', [file]);
    const refused = async (request: object, files: object[] = [file]): Promise<string> => {
      const { reason, message } = await refusal(bench.begin('m', files, request));
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
    const mismatch = bench.load('m3', [file], { keys: [{ name: 'flight', type: 'COLUMN_TYPE_INTEGER' }] });
    await expect(mismatch).rejects.toThrow(/PREDICTION_TABLE_MISMATCH .*keys \(flight string\)/);
    const ask = async (request: object): Promise<string> => {
      const keys = { flight: { strings: { values: ['a'] } } };
      const { reason, message } = await refusal(bench.features.getPredictions({ table: 'late', keys, ...request }));
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
      const { reason, message } = await refusal(bench.features.writePredictions({ ...base, ...times, ...request }));
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
    const file = await bench.outputOf('one', [['a', 0.1, 1]]);
    await bench.load('m1', [file]);
    const other = bench.installation.connect('other');
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
    expect(await bench.get(['a'])).toMatchObject({ values: [0.1] });
  });
});
