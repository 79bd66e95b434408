import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { ModelRuntime, TensorSpec } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { createScoringWorker } from './scoring-worker.ts';
import type { ScoringResult, ScoringTask } from './scoring-task.ts';
import { copyingGraph, readRows, SAMPLE_FEATURES, sampleGraph, sampleQuery, signPackage, writeRows, type SignedPackage } from './testing/index.ts'; // prettier-ignore

const unaborted = new AbortController().signal;
const ROWS = 5_000;

const runtime = (): ModelRuntime =>
  modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: 'false' }), {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    dataDirectory: '.',
  });

describe('a scoring worker', { timeout: 30_000 }, () => {
  const directory = temporaryDirectory();
  const worker = createScoringWorker({ runtime: runtime() });
  const input = join(directory.path, 'rows.parquet');
  let sample: SignedPackage;
  let folders = 0;
  beforeAll(async () => {
    sample = signPackage(await sampleGraph(), SAMPLE_FEATURES.map((name) => `request:${name}`)); // prettier-ignore
    await writeRows(sampleQuery(ROWS), input);
  });
  afterAll(async () => {
    await worker.close();
    directory.remove();
  });

  const newFolder = (): string => {
    const folder = join(directory.path, `attempt-${(folders += 1)}`);
    mkdirSync(folder);
    return folder;
  };
  const modelOf = (pack: SignedPackage): ScoringTask['model'] => ({
    folder: pack.unpack(join(directory.path, pack.digest)),
    workspace: pack.workspace,
    name: pack.name,
    version: pack.version,
    digest: pack.digest,
    trustedKeys: pack.trustedKeys,
  });
  const taskOf = (pack: SignedPackage, changes: Partial<ScoringTask> = {}): ScoringTask => ({
    input,
    firstRow: 0,
    rows: ROWS,
    model: modelOf(pack),
    features: SAMPLE_FEATURES.map((name) => ({ name, type: 'number' })),
    passthrough: [{ name: 'id', type: 'integer' }, { name: 'scheduled_at', type: 'timestamp' }],
    required: [],
    outputs: ['probability'],
    batchRows: 4096,
    failedRowsMax: 0,
    folder: newFolder(),
    ...changes,
  }); // prettier-ignore
  const score = async (task: ScoringTask): Promise<ScoringResult> => {
    const json = JSON.parse(JSON.stringify(task)) as never;
    return (await worker.run(json, unaborted)) as unknown as ScoringResult;
  };
  const valuesOf = (task: ScoringTask): Float64Array => {
    const bytes = readFileSync(join(task.folder, 'values.float64'));
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };

  it('writes what is passed through, the outputs and the version, in the order of the rows', async () => {
    const task = taskOf(sample);
    const result = await score(task);
    expect(result).toMatchObject({ rows: ROWS, failedRows: 0, output: { rows: ROWS, name: 'output.parquet' } });
    expect(result.errors).toBeUndefined();
    const output = join(task.folder, 'output.parquet');
    expect(await readRows(`select column_name, column_type from (describe select * from '${output}')`)).toEqual([
      ['id', 'BIGINT'],
      ['scheduled_at', 'TIMESTAMP'],
      ['probability', 'DOUBLE'],
      ['prediction_version', 'BIGINT'],
    ]);
    const rows = await readRows(`select id, epoch_us(scheduled_at), probability, prediction_version from '${output}'`);
    expect(rows.map(([id]) => id)).toEqual(Array.from({ length: ROWS }, (_, row) => BigInt(row)));
    expect(rows.map(([, , probability]) => probability)).toEqual([...valuesOf(task)]);
    expect(new Set(rows.map(([, , , version]) => version))).toEqual(new Set([1n]));
    expect(rows[1]?.[1]).toBe(988_675_201_000_000n);
  });

  it('gives the same bits however the rows are cut and batched', async () => {
    const whole = taskOf(sample);
    await score(whole);
    const expected = new BigUint64Array(valuesOf(whole).buffer);
    for (const [rows, batchRows] of [[1, 1], [7, 3], [999, 64], [2048, 1000]] as const) {
      const pieces: bigint[] = [];
      for (const firstRow of [0, 1, 2047, 2952]) {
        const task = taskOf(sample, { firstRow, rows, batchRows });
        await score(task);
        const bits = new BigUint64Array(valuesOf(task).buffer);
        pieces.push(...bits);
        expect([...bits]).toEqual([...expected.subarray(firstRow, firstRow + rows)]);
      }
      expect(pieces).toHaveLength(rows * 4);
    }
  }); // prettier-ignore

  const spec = (name: string, datatype: TensorSpec['datatype']): TensorSpec => ({ name, datatype, shape: [-1, 1] });

  it('keeps bad rows apart, each with its reason, and scores the others', async () => {
    const file = join(directory.path, 'bad.parquet');
    await writeRows(
      `select * from (values (1, 'a', 10, 0.5::double), (2, 'b', null, 0.5), (3, 'c', 70000, 0.5), (4, null, 40, 0.5), (5, 'e', 50, null), (6, 'f', 60, 0.75)) t(id, key, small, ratio)`,
      file,
    );
    const pack = signPackage(copyingGraph([spec('small', 'INT16'), spec('ratio', 'FP64')]), ['request:small', 'request:ratio']); // prettier-ignore
    const task = taskOf(pack, {
      input: file,
      rows: 6,
      features: [{ name: 'small', type: 'integer' }, { name: 'ratio', type: 'number' }],
      passthrough: [{ name: 'id', type: 'integer' }, { name: 'key', type: 'string' }],
      required: ['key'],
      outputs: ['out_small', 'out_ratio'],
      failedRowsMax: 4,
    }); // prettier-ignore
    expect(await score(task)).toMatchObject({ rows: 2, failedRows: 4, errors: { rows: 4 } });
    expect(await readRows(`select id, key, out_small, out_ratio from '${task.folder}/output.parquet'`)).toEqual([
      [1n, 'a', 10, 0.5],
      [6n, 'f', 60, 0.75],
    ]);
    expect([...valuesOf(task)]).toEqual([10, 0.5, 60, 0.75]);
    expect(await readRows(`select id, error_row, error_reason from '${task.folder}/errors.parquet'`)).toEqual([
      [2n, 1n, 'FEATURE_MISSING'],
      [3n, 2n, 'FEATURE_INVALID'],
      [4n, 3n, 'REQUIRED_VALUE_MISSING'],
      [5n, 4n, 'OUTPUT_NOT_A_NUMBER'],
    ]);
    await expect(score({ ...task, failedRowsMax: 3, folder: newFolder() })).rejects.toMatchObject({
      kind: 'failed-precondition',
      reason: 'FAILED_ROWS_SHARE',
    });
  });

  it('writes no output when every row failed', async () => {
    const file = join(directory.path, 'all-bad.parquet');
    await writeRows(`select range as id, null::bigint as small from range(3)`, file);
    const pack = signPackage(copyingGraph([spec('small', 'INT16')]), ['request:small']);
    const task = taskOf(pack, {
      input: file,
      rows: 3,
      features: [{ name: 'small', type: 'integer' }],
      passthrough: [{ name: 'id', type: 'integer' }],
      outputs: ['out_small'],
      failedRowsMax: 3,
    });
    const result = await score(task);
    expect(result).toMatchObject({ rows: 0, failedRows: 3, errors: { rows: 3 } });
    expect(result.output).toBeUndefined();
  });

  it('takes texts, whole numbers, truth values and times of any length', async () => {
    const file = join(directory.path, 'types.parquet');
    await writeRows(
      `select * from (values (9007199254740993::bigint - 2, true, timestamp '2001-05-01 00:00:00.000001'), (2, false, timestamp '1969-12-31 23:59:59')) t(i, b, t)`,
      file,
    );
    const pack = signPackage(copyingGraph([spec('i', 'INT64'), spec('b', 'BOOL'), spec('t', 'INT64')]), ['request:i', 'request:b', 'request:t']); // prettier-ignore
    const task = taskOf(pack, {
      input: file,
      rows: 2,
      features: [{ name: 'i', type: 'integer' }, { name: 'b', type: 'boolean' }, { name: 't', type: 'timestamp' }],
      passthrough: [{ name: 'i', type: 'integer' }],
      outputs: ['out_i', 'out_b', 'out_t'],
    }); // prettier-ignore
    await score(task);
    expect([...valuesOf(task)]).toEqual([9_007_199_254_740_991, 1, 988_675_200_000_001, 2, 0, -1_000_000]);
  });

  it('refuses a file that is shorter than the plan, and one that is no Parquet', async () => {
    const short = taskOf(sample, { rows: ROWS + 1 });
    await expect(score(short)).rejects.toMatchObject({ kind: 'data-loss', reason: 'INPUT_REPLACED' });
    const text = join(directory.path, 'text.parquet');
    writeFileSync(text, 'no Parquet');
    const unreadable = taskOf(sample, { input: text });
    await expect(score(unreadable)).rejects.toMatchObject({ kind: 'data-loss', reason: 'INPUT_UNREADABLE' });
  });

  it('refuses a package of another signer, and a valid one that is not the one of the job', async () => {
    const other = signPackage(await sampleGraph(8), sample.files.length === 0 ? [] : SAMPLE_FEATURES.map((name) => `request:${name}`)); // prettier-ignore
    const task = taskOf(other);
    const untrusted = { ...task, model: { ...task.model, trustedKeys: [] } };
    await expect(score(untrusted)).rejects.toMatchObject({ reason: 'UNTRUSTED_SIGNER' });
    const pinned = { ...task, model: { ...task.model, digest: 'f'.repeat(64) } };
    await expect(score(pinned)).rejects.toMatchObject({ kind: 'data-loss', reason: 'PACKAGE_DIGEST_MISMATCH' });
  });

  it.skipIf(process.platform !== 'linux')('says so when the scratch directory is full', async () => {
    for (const name of ['output.parquet', 'values.float64']) {
      const task = taskOf(sample);
      symlinkSync('/dev/full', join(task.folder, `${name}.part`));
      await expect(score(task)).rejects.toMatchObject({ kind: 'exhausted', reason: 'SCRATCH_FULL' });
    }
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(worker.run(taskOf(sample) as never, stop.signal)).rejects.toThrow('enough');
  });
});
