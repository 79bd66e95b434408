import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createIdSource, DomainError, Secret, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { Trainer, TrainingJob } from '@slipway/plugin-kit';
import { trainerSuite } from '@slipway/plugin-kit/testing';
import { temporaryDirectory } from '@slipway/testing';
import { writeTrainingTable } from '@slipway/training-data';
import { trainerCommandPlugin } from './plugin.ts';
import { processesOf } from './process-table.ts';

const never = new AbortController().signal;
const folder = temporaryDirectory();
afterAll(() => folder.remove());
const program = (name: string): string => join(import.meta.dirname, 'testing', name);
const dependencies = (dataDirectory: string) => {
  mkdirSync(dataDirectory, { recursive: true });
  return { clock: systemClock, ids: createIdSource(systemClock, systemRandom), log: silentLogger, dataDirectory };
};
const scratch = join(folder.path, 'scratch');
const pids = join(folder.path, 'pids');
const OURS = { PATH: process.env['PATH'], HOME: '/nowhere', LANG: 'C', AWS_SECRET_ACCESS_KEY: 'key', NODE_OPTIONS: '' };

function make(settings: Readonly<Record<string, unknown>>, environment: Record<string, string | undefined> = OURS): Trainer {
  const plugin = trainerCommandPlugin({ environment, configDirectory: import.meta.dirname });
  const raw = { command: process.execPath, graceSeconds: 1, memoryMebibytes: 1024, ...settings };
  return plugin.create(plugin.parseConfig(raw), dependencies(scratch));
} // prettier-ignore

const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: false }), {
  ...dependencies(join(folder.path, 'runtime')),
});
beforeAll(() => runtime.open(never));
afterAll(() => runtime.close());
trainerSuite('command', {
  make: () => make({ arguments: [program('linear-program.ts')] }),
  load: ({ model, format }) => runtime.load(model, format, never),
});

const x = { name: 'x', kind: 'numeric', values: Float64Array.of(1, 2, 3, 4) } as const;
const y = { name: 'y', kind: 'numeric', values: Float64Array.of(0, 1, 0, 1) } as const;
const job = (changes: Partial<TrainingJob> = {}): TrainingJob => ({
  table: { rows: 4, columns: [x, y], id: 'sha256:4' },
  target: 'y',
  task: 'binary-classification',
  features: ['x'],
  options: {},
  seed: 7,
  onProgress: () => undefined,
  ...changes,
});
const oddly = async (behaviour: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Trainer> => {
  const trainer = make({ arguments: [program('odd-program.ts'), behaviour, pids], ...settings });
  await trainer.open(never);
  return trainer;
};
const train = async (behaviour: string, changes: Partial<TrainingJob> = {}, settings = {}, signal = never) =>
  (await oddly(behaviour, settings)).train(job(changes), signal);

async function failureOf(action: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

/** Processes that the programs of the test have noted and that still run. */
function alive(): number[] {
  if (!existsSync(pids)) return [];
  const noted = readFileSync(pids, 'utf8').split('\n').filter(Boolean).map(Number);
  return noted.filter((pid) => {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

describe('a training program', () => {
  afterEach(() => {
    const left = alive();
    for (const pid of left) process.kill(pid, 'SIGKILL'); // found fault with, but not kept
    writeFileSync(pids, '');
    expect(left).toEqual([]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('sees its job and the variables that the settings name, and nothing else of ours', async () => {
    const lines: string[] = [];
    const run = { id: 'run-1', trackingUri: 'http://127.0.0.1:1', token: new Secret('s3cret-token') };
    const trained = await train('environment', { run, onLog: (line) => lines.push(line) });
    const names = lines.flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []).toSorted();
    const folderOf = /^SLIPWAY_MODEL_DIRECTORY=(.*)$/m.exec(lines.join('\n'))?.[1] ?? '';
    expect(names).toEqual([
      'HOME', 'LANG', 'MLFLOW_RUN_ID', 'MLFLOW_TRACKING_TOKEN', 'MLFLOW_TRACKING_URI', 'PATH', 'SLIPWAY_MODEL_DIRECTORY', 'SLIPWAY_RUN_ID',
      'SLIPWAY_TOKEN', 'SLIPWAY_TRACKING_URI', 'SLIPWAY_TRAINING_DATA', 'SLIPWAY_TRAINING_JOB', 'TMPDIR',
    ]); // prettier-ignore
    expect(lines).toEqual(expect.arrayContaining([
      'SLIPWAY_RUN_ID=run-1', 'MLFLOW_RUN_ID=run-1', 'SLIPWAY_TRACKING_URI=http://127.0.0.1:1', 'MLFLOW_TRACKING_URI=http://127.0.0.1:1',
      'HOME=/nowhere', `arguments ${JSON.stringify(['environment', pids])}`, 'bearer ***', 'SLIPWAY_TOKEN=***',
    ])); // prettier-ignore
    expect(folderOf.startsWith(scratch)).toBe(true);
    expect(lines.join('\n')).not.toContain('s3cret');
    expect(trained.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 1] }]);
    expect(trained.metrics).toEqual({});
    expect(trained.parameters).toEqual({ trainer: 'command', task: 'binary-classification', rows: '4' });
  });

  it('gets a copy of the file of its table, and cannot spoil the original', async () => {
    const file = join(folder.path, 'flights.parquet');
    await writeTrainingTable({ rows: 4, columns: [x, y] }, file, never);
    const before = readFileSync(file);
    const spoil = 'require("fs").truncateSync(process.env.SLIPWAY_TRAINING_DATA, 1)';
    const trainer = make({ arguments: ['-e', spoil] });
    await trainer.open(never);
    const failure = await failureOf(trainer.train(job({ table: { ...job().table, file } }), never));
    expect(failure.message).toContain('left no model.onnx');
    expect(readFileSync(file).equals(before)).toBe(true);
    const lost = job({ table: { ...job().table, file: join(folder.path, 'lost.parquet') } });
    expect((await failureOf(trainer.train(lost, never))).message).toContain('table.file');
  });

  it('that fails is reported with its exit code and last lines', async () => {
    const failure = await failureOf(train('crash'));
    expect(failure).toMatchObject({ kind: 'failed-precondition', reason: 'TRAINING_PROGRAM_FAILED', facts: { exitCode: '3' } }); // prettier-ignore
    expect(failure.message).toContain('ended with exit code 3; it wrote last:\nreading the data\nIndexError: no such column'); // prettier-ignore
    expect((await failureOf(train('signalled'))).facts).toEqual({ end: 'signal', signal: 'SIGSEGV' });
  });

  it('that does not end is ended when its time is over, also when it ignores SIGTERM', async () => {
    const lines: string[] = [];
    const failure = await failureOf(train('hang', { onLog: (line) => lines.push(line) }, { timeoutSeconds: 1 }));
    expect(failure).toMatchObject({ reason: 'TRAINING_PROGRAM_FAILED', facts: { end: 'time' } });
    expect(failure.message).toContain('after 1 s, its limit of time');
    expect(lines).toEqual(['ready', 'not now']);
    const started = performance.now();
    const obeyed = await failureOf(train('obey', {}, { timeoutSeconds: 1, graceSeconds: 60 }));
    expect(obeyed.message).toContain('stopping');
    expect(performance.now() - started).toBeLessThan(20_000); // not the whole grace
  });

  it('is ended with all it has started when its caller leaves', async () => {
    const leaving = new AbortController();
    const onLog = (line: string): void => {
      if (line === 'ready') leaving.abort(new Error('the caller left'));
    };
    await expect(train('fork', { onLog }, {}, leaving.signal)).rejects.toThrow('the caller left');
    expect(readFileSync(pids, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('leaves no process behind when it ends well', async () => {
    const trained = await train('orphans');
    expect(trained.format).toBe('onnx');
    expect(readFileSync(pids, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it.each(['hog', 'forkedHog'])('that takes too much memory is ended: %s', async (behaviour) => {
    const failure = await failureOf(train(behaviour, {}, { memoryMebibytes: 400 }));
    expect(failure.facts).toEqual({ end: 'memory' });
    expect(failure.message).toMatch(/it took \d{3,4} MiB of memory, and 400 MiB is its limit/);
  });

  it('may write more than is passed on, and is not held up', async () => {
    const lines: string[] = [];
    const trained = await train('flood', { onLog: (line) => lines.push(line) }, { logBytesMax: 100_000 });
    expect(trained.format).toBe('onnx');
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toBe('[the log is cut here: it has more than 100000 bytes]');
  });

  it('reports its progress, or its seconds when it says nothing', async () => {
    const reports: { done: number; total: number; unit: string }[] = [];
    const lines: string[] = [];
    const onProgress = (report: { done: number; total: number; unit: string }): void => void reports.push(report);
    await train('progress', { onProgress, onLog: (line) => lines.push(line) });
    // on a busy machine a second passes: before the first report it is reported itself, later it repeats the last one
    const trees = reports.filter(({ unit }) => unit === 'trees');
    expect(trees.filter(({ done }, index) => done !== trees[index - 1]?.done)).toEqual([
      { done: 1, total: 4, unit: 'trees' },
      { done: 3, total: 4, unit: 'trees' },
      { done: 4, total: 4, unit: 'trees' },
    ]);
    expect(lines).toEqual(['SLIPWAY_PROGRESS 5 4 trees']);
    reports.length = 0;
    await train('slow', { onProgress }, { timeoutSeconds: 60 });
    const seconds = reports.map(({ done }) => done);
    expect(seconds.length).toBeGreaterThan(2);
    expect(seconds[0]).toBeGreaterThanOrEqual(1);
    expect(seconds).toEqual([...new Set(seconds)].toSorted((left, right) => left - right)); // a busy machine may skip one
    expect(reports.slice(0, -1).every(({ total, unit }) => total === 60 && unit === 'seconds')).toBe(true);
    expect(reports.at(-1)).toEqual({ done: seconds.at(-1), total: seconds.at(-1), unit: 'seconds' });
  });

  it('is ended when the caller cannot take what it says', async () => {
    const onLog = (): void => {
      throw new Error('the disk is full');
    };
    await expect(train('hang', { onLog })).rejects.toThrow('the disk is full');
  });

  it.each([
    ['nothing', 'left no model.onnx'],
    ['broken', 'left a model.onnx that cannot be used: '],
    ['link', 'left a model.onnx that cannot be opened (links are not followed)'],
    ['folder', 'left a model.onnx that is no file'],
    ['infiniteMetric', 'left a metrics.json that is not as expected: auc: '],
    ['textMetric', 'left a metrics.json that is not as expected: auc: '],
    ['brokenMetrics', 'left a metrics.json that is no JSON'],
    ['hugeMetrics', 'left a metrics.json of 2097162 bytes; 1048576 is the most'],
    ['manyMetrics', 'left a metrics.json that is not as expected: has more than 1000 entries'],
  ])('that leaves a bad result is refused: %s', async (behaviour, message) => {
    const failure = await failureOf(train(behaviour));
    expect(failure.reason).toBe('TRAINING_MODEL_INVALID');
    expect(failure.message).toContain(message);
  });

  it('that cannot be started is reported', async () => {
    const unknown = await failureOf(train('well', {}, { command: 'no-such-program' }));
    expect(unknown.reason).toBe('TRAINING_PROGRAM_FAILED');
    expect(unknown.message).toContain('could not be started: spawn no-such-program ENOENT');
    const missing = await failureOf(make({ command: './testing' }).open(never).then(() => make({ command: './no' }).open(never))); // prettier-ignore
    expect(missing.reason).toBe('TRAINING_PROGRAM_MISSING');
    expect((await failureOf(make({ workingDirectory: 'nowhere' }).open(never))).message).toContain('workingDirectory');
  });

  it('is one of few at a time', async () => {
    const trainer = await oddly('slow', { runsMax: 1 });
    const first = trainer.train(job(), never);
    expect(await failureOf(trainer.train(job(), never))).toMatchObject({ kind: 'exhausted', reason: 'TRAINER_BUSY' });
    expect((await first).format).toBe('onnx');
    expect((await trainer.train(job(), never)).format).toBe('onnx');
  });

  it('gets options that the settings allow', async () => {
    const code = 'require("fs").copyFileSync(process.env.SLIPWAY_TRAINING_JOB, process.argv[1])';
    const copy = join(folder.path, 'job-copy.json');
    const trainer = make({ arguments: ['-e', code, copy], options: 'depth, rate' });
    await trainer.open(never);
    await failureOf(trainer.train(job({ options: { depth: 3, rate: 'slow' } }), never)); // it leaves no model
    expect(JSON.parse(readFileSync(copy, 'utf8'))).toEqual({
      target: 'y',
      task: 'binary-classification',
      features: [{ name: 'x', kind: 'numeric' }],
      options: { depth: 3, rate: 'slow' },
      seed: 7,
      rows: 4,
      table: 'sha256:4',
    });
  });

  it('of a process that was killed is ended, and its folder removed, at the next start', async () => {
    const run = join(scratch, 'run-0');
    mkdirSync(join(run, 'model'), { recursive: true });
    const environment = { SLIPWAY_MODEL_DIRECTORY: join(run, 'model') };
    const code = 'require("child_process").spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"], { detached: true, stdio: "ignore" }).unref()';
    execFileSync(process.execPath, ['-e', code], { env: environment });
    const mark = `SLIPWAY_MODEL_DIRECTORY=${environment.SLIPWAY_MODEL_DIRECTORY}`;
    expect(await processesOf(undefined, mark)).toHaveLength(1);
    await make({}).open(never);
    for (let wait = 0; wait < 100 && (await processesOf(undefined, mark)).length > 0; wait += 1) await sleep(20);
    expect(await processesOf(undefined, mark)).toEqual([]);
  }); // prettier-ignore
});
