import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { inspectGraph } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { ModelRuntime, Tensor, TrainedModel, TrainingJob, TrainingTable } from '@slipway/plugin-kit';
import { describeWithPython, PYTHON_INSTALL_MS, temporaryDirectory, type PythonEnvironment } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { auc } from '@slipway/training';
import { readTrainingTable } from '@slipway/training-data';
import { trainerCommandPlugin } from './plugin.ts';

const never = new AbortController().signal;
const example = join(import.meta.dirname, '../../../../docs/examples/sklearn-trainer');
const FLIGHTS = join(import.meta.dirname, '../../../../node_modules/vega-datasets/data/flights-3m.parquet');
const FEATURES = ['hour', 'distance', 'weekday', 'month_day', 'origin'];

/** Flights of a time, one in ten, with what is known long before: a flight counts as late after 15 minutes. */
async function flightsTo(file: string, from: string, until: string): Promise<TrainingTable> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run(
    `copy (select lpad(hour(date)::varchar, 2, '0') as hour, dayname(date) as weekday, day(date) as month_day,
       case when file_row_number % 130 <> 0 then distance end as distance, origin,
       (delay > 15) as late, date as scheduled
     from read_parquet('${FLIGHTS}', file_row_number = true)
     where date >= '${from}' and date < '${until}' and delay between -60 and 1440 and file_row_number % 10 = 0)
     to '${file}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  const columns = [...FEATURES, 'late'].map((name) => ({ name }));
  return readTrainingTable(file, { columns, id: `flights of ${from}`, signal: never });
}

/** Tensors as our serving makes them: from the signature, one per input. */
function inputsOf({ signature }: TrainedModel, { columns, rows }: TrainingTable): Tensor[] {
  return signature.inputs.map(({ name, datatype }): Tensor => {
    const column = columns.find((each) => each.name === name);
    const shape = [rows, 1];
    if (column?.kind === 'categorical' && datatype === 'BYTES') {
      return { name, datatype, shape, data: Array.from(column.codes, (code) => column.categories[code] ?? '') };
    }
    if (column?.kind !== 'numeric' || datatype !== 'FP64') throw new Error(`no column for ${name} ${datatype}`);
    return { name, datatype, shape, data: column.values };
  });
}

async function probabilitiesOf(runtime: ModelRuntime, trained: TrainedModel, table: TrainingTable): Promise<Float32Array> {
  const model = await runtime.load(trained.model, trained.format, never);
  const [output] = await model.run(inputsOf(trained, table), ['probability'], never);
  await model.close();
  if (output?.datatype !== 'FP32') throw new Error('no FP32 output');
  return output.data;
} // prettier-ignore

describeWithPython(join(example, 'requirements.txt'), 'the example that trains with scikit-learn', (environment) => {
  const folder = temporaryDirectory();
  const dependencies = { clock: systemClock, ids: createIdSource(systemClock, systemRandom), log: silentLogger, dataDirectory: join(folder.path, 'scratch') }; // prettier-ignore
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
  const linear = trainerLinearPlugin.create(trainerLinearPlugin.parseConfig({}), dependencies);
  let python: PythonEnvironment;
  beforeAll(async () => {
    mkdirSync(dependencies.dataDirectory);
    python = await environment();
    await Promise.all([runtime.open(never), linear.open(never)]);
  }, PYTHON_INSTALL_MS);
  afterAll(async () => {
    await Promise.all([runtime.close(), linear.close()]);
    folder.remove();
  });

  it('agrees with our linear trainer and with itself on real flights', { timeout: 180_000 }, async () => {
    const march = await flightsTo(join(folder.path, 'march.parquet'), '2001-01-01', '2001-04-01');
    const aprilFile = join(folder.path, 'april.parquet');
    const april = await flightsTo(aprilFile, '2001-04-01', '2001-05-01');
    const answers = join(folder.path, 'answers');
    const plugin = trainerCommandPlugin({ environment: process.env, configDirectory: example });
    const wrapper = join(import.meta.dirname, 'testing/predict_with_sklearn.py');
    const settings = { command: python.python, arguments: [wrapper, join(example, 'train.py'), aprilFile, answers], options: 'C', lockCommand: [python.pip, 'freeze'], memoryMebibytes: 2048 }; // prettier-ignore
    const trainer = plugin.create(plugin.parseConfig(settings), dependencies);
    await trainer.open(never);
    const lines: string[] = [];
    const job: TrainingJob = {
      table: march,
      target: 'late',
      task: 'binary-classification',
      features: FEATURES,
      options: { C: 0.5 },
      seed: 1,
      onProgress: () => undefined,
      onLog: (line) => lines.push(line),
    };
    const theirs = await trainer.train(job, never);
    const ours = await linear.train({ ...job, options: { ridge: 2, missing: 'mean' } }, never); // scikit-learn's C is 1 / ridge
    await trainer.close();

    expect(lines).toContain(`${march.rows} rows, 5 features`);
    expect(theirs.signature).toEqual(ours.signature);
    expect(inspectGraph(theirs.model).externalFiles).toEqual([]);
    expect(theirs.parameters).toMatchObject({ trainer: 'command', C: '0.5' });
    expect(theirs.environment?.lock).toContain('scikit-learn==1.9.1');
    expect(theirs.environment?.git?.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(theirs.metrics['auc']).toBeCloseTo(ours.metrics['auc'] ?? 0, 4);
    expect(theirs.metrics['log_loss']).toBeCloseTo(ours.metrics['log_loss'] ?? 0, 5);

    const labels = april.columns.find(({ name }) => name === 'late');
    if (labels?.kind !== 'numeric') throw new Error('no labels');
    const [theirScores, ourScores] = [await probabilitiesOf(runtime, theirs, april), await probabilitiesOf(runtime, ours, april)]; // prettier-ignore
    const [theirArea, ourArea] = [auc(labels.values, theirScores), auc(labels.values, ourScores)];
    expect(ourArea).toBeGreaterThan(0.6);
    expect(Math.abs(theirArea - ourArea)).toBeLessThan(0.002);

    const bytes = readFileSync(answers);
    const own = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    expect(own.length).toBe(april.rows);
    const apart = own.reduce(
      (most, probability, row) => Math.max(most, Math.abs(probability - (theirScores[row] ?? 2))),
      0,
    );
    expect(apart).toBeLessThan(1e-6); // float64 inside the graph, float32 at its output: half a unit is 3e-8
    expect(readdirSync(dependencies.dataDirectory)).toEqual([]);
  });
});
