import { createHash } from 'node:crypto';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { Trainer, TrainingTable } from '@slipway/plugin-kit';
import { parseProfile } from '@slipway/reference-profile';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingServices, RUN_ID, VERSION } from './testing/recording-services.ts';
import { setOf } from './testing/training-set.ts';
import { trainAndRegister, TrainingStoppedError, type TrainingTools } from './train-and-register.ts';
import type { TrainingPlan } from './training-plan.ts';

const dependencies = {
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(1)),
  log: silentLogger,
  dataDirectory: '.',
};
const linear = trainerLinearPlugin.create({}, dependencies);
const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
beforeAll(async () => {
  const { signal } = new AbortController();
  await Promise.all([linear.open(signal), runtime.open(signal)]);
});
afterAll(async () => {
  await Promise.all([linear.close(), runtime.close()]);
});

const table = (id: string, x: readonly number[], y: readonly number[]): TrainingTable => ({
  id,
  rows: x.length,
  columns: [
    { name: 'x', kind: 'numeric', values: Float64Array.from(x) },
    { name: 'y', kind: 'numeric', values: Float64Array.from(y) },
  ],
});
const learning = (id: string, x: readonly number[], y: readonly number[]) => ({ set: setOf(id), table: table(id, x, y) }); // prettier-ignore

const plan: TrainingPlan = {
  experimentId: '1',
  model: 'm',
  description: 'first try',
  target: 'y',
  task: 'binary-classification',
  features: [{ column: 'x', reference: 'view:x' }],
  options: { ridge: 1 },
  seed: 1,
  training: learning('a'.repeat(64), [1, 2, 3, 4], [0, 1, 0, 1]),
  evaluation: { ...learning('b'.repeat(64), [1, 2, 3], [0, 0, 1]), dataset: 'held out' },
  outputMeanings: { probability: 'of y' },
  requestId: 'r',
  at: 1000,
};

type Header = { header: { files: { path: string; bytes: string; sha256: string }[] } };
type Services = ReturnType<typeof recordingServices>;
const toolsOf = (services: Services, changes: Partial<TrainingTools> = {}): TrainingTools => ({
  tracking: services.tracking,
  registry: services.registry,
  trainer: linear,
  runtime,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onLog: () => undefined,
  attempt: (step) => step(),
  ...changes,
});
const methods = ({ calls }: Services): string[] => calls.map(({ method }) => method);
const trainerThat = (train: Trainer['train']): Trainer => ({ open: () => Promise.resolve(), close: () => Promise.resolve(), train }); // prettier-ignore
const stopOf = async (services: Services, changes: Partial<TrainingTools> = {}): Promise<TrainingStoppedError> => {
  const error: unknown = await trainAndRegister(plan, toolsOf(services, changes)).catch((thrown: unknown) => thrown);
  if (error instanceof TrainingStoppedError) return error;
  throw new Error('it was not stopped', { cause: error });
};

describe('trainAndRegister', () => {
  it('has a run before it works, and ends it when all is registered', async () => {
    const services = recordingServices();
    const made = await trainAndRegister(plan, toolsOf(services));
    expect(made).toMatchObject({ runId: RUN_ID, version: VERSION, metrics: { auc: 1 } });
    expect(methods(services)).toEqual([
      'CreateRun',
      'LogBatch',
      'LogInputs',
      'UploadArtifact',
      'CreateModelVersion',
      'RecordEvaluation',
      'UpdateRun',
    ]);
    const [, , , , version, evaluation, end] = services.calls;
    expect(version?.sent).toMatchObject([
      { header: { model: 'm', features: ['view:x'], run_id: RUN_ID, training_set_id: 'a'.repeat(64) } },
      { chunk: Buffer.from(made.trained.model) },
      { file_end: true },
    ]);
    expect(evaluation?.sent).toMatchObject({ version: VERSION, dataset: 'held out', rows: '3', metrics: made.metrics });
    expect(end?.sent).toEqual({ run_id: RUN_ID, status: 'RUN_STATUS_FINISHED' });
  });

  it('uploads the profile beside the model when it knows the times of the rows', async () => {
    const { x, y } = { x: [1, 2, 3, 4], y: [0, 1, 0, 1] };
    const timed = table('a'.repeat(64), x, y);
    const times = {
      name: 'at',
      kind: 'numeric' as const,
      values: Float64Array.of(0, 1, 86_400_000_000, 86_400_000_001),
    };
    const training = { set: setOf(timed.id), table: { ...timed, columns: [...timed.columns, times] } };
    const services = recordingServices();
    const made = await trainAndRegister({ ...plan, training, timeColumn: 'at' }, toolsOf(services));
    const upload = services.calls.find(({ method }) => method === 'CreateModelVersion')?.sent as readonly object[];
    const [header, model, end, file, last] = upload as [Header, { chunk: Buffer }, object, { chunk: Buffer }, object];
    expect(header.header.files.map(({ path }) => path)).toEqual(['model.onnx', 'profile.json']);
    expect([model, end, last]).toEqual([{ chunk: Buffer.from(made.trained.model) }, { file_end: true }, { file_end: true }]); // prettier-ignore
    expect(header.header.files[1]).toEqual({
      path: 'profile.json',
      bytes: String(file.chunk.byteLength),
      sha256: createHash('sha256').update(file.chunk).digest('hex'),
    });
    const profile = parseProfile(file.chunk.toString());
    expect(profile).toMatchObject({ rows: 4, positiveShare: 0.5, features: [{ name: 'view:x', kind: 'number' }] });
    expect(profile.days.map(({ day }) => day)).toEqual(['1970-01-01', '1970-01-02']);
  });

  it('judges nothing without an evaluation', async () => {
    const services = recordingServices();
    const { evaluation: _, ...unjudged } = plan;
    const made = await trainAndRegister(unjudged, toolsOf(services));
    expect(made.metrics).toEqual({});
    expect(methods(services)).not.toContain('RecordEvaluation');
    expect(methods(services).at(-1)).toBe('UpdateRun');
  });

  it('marks the run FAILED with the error when the trainer fails, and registers nothing', async () => {
    const services = recordingServices();
    const trainer = trainerThat(() => Promise.reject(new Error('out of luck')));
    expect(await stopOf(services, { trainer })).toMatchObject({ status: 'FAILED', message: `run ${RUN_ID} is FAILED: out of luck` }); // prettier-ignore
    expect(services.calls.slice(1)).toEqual([
      { method: 'LogBatch', sent: { run_id: RUN_ID, tags: { 'slipway.error': 'out of luck' } } },
      { method: 'UpdateRun', sent: { run_id: RUN_ID, status: 'RUN_STATUS_FAILED' } },
    ]);
  });

  it.each(['LogInputs', 'UploadArtifact', 'CreateModelVersion', 'RecordEvaluation'])(
    'marks the run FAILED when %s does',
    async (method) => {
      const services = recordingServices({ method, error: new Error('no') });
      expect((await stopOf(services)).status).toBe('FAILED');
      expect(services.calls.at(-1)?.sent).toEqual({ run_id: RUN_ID, status: 'RUN_STATUS_FAILED' });
    },
  );

  it('marks the run KILLED when its caller leaves, also just before it would register', async () => {
    const services = recordingServices();
    const leaving = new AbortController();
    const attempt: TrainingTools['attempt'] = async (step) => {
      const answer = await step();
      if (methods(services).at(-1) === 'UploadArtifact') leaving.abort(new Error('the caller left'));
      return answer;
    };
    expect(await stopOf(services, { signal: leaving.signal, attempt })).toMatchObject({ status: 'KILLED' });
    expect(methods(services)).not.toContain('CreateModelVersion');
    expect(services.calls.at(-1)?.sent).toEqual({ run_id: RUN_ID, status: 'RUN_STATUS_KILLED' });
  });

  it('says what stopped it also when tracking cannot be told', async () => {
    const services = recordingServices({ method: 'UpdateRun', error: new Error('tracking is away') });
    const trainer = trainerThat(() => Promise.reject(new Error('out of luck')));
    await expect(trainAndRegister(plan, toolsOf(services, { trainer }))).rejects.toThrow(
      `run ${RUN_ID} is FAILED: out of luck; tracking was not told: tracking is away`,
    );
  });

  it('tells a trainer of its run', async () => {
    const seen: unknown[] = [];
    const trainer = trainerThat((job, signal) => {
      seen.push(job.run);
      return linear.train(job, signal);
    });
    const trainingRun = (id: string) => ({ id, trackingUri: 'http://127.0.0.1:1' });
    await trainAndRegister(plan, toolsOf(recordingServices(), { trainer, trainingRun }));
    expect(seen).toEqual([{ id: RUN_ID, trackingUri: 'http://127.0.0.1:1' }]);
  });
});
