import { join } from 'node:path';
import { describeWithPython, PYTHON_INSTALL_MS, type PythonEnvironment } from '@slipway/testing';
import { readTrainingTable } from '@slipway/training-data';
import { scoreTable } from '@slipway/training-run';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHAMPION, promote, setChampionPolicy } from '../src/champion.ts';
import { materialize } from '../src/feature-store.ts';
import { DELAY_FEATURES, SCHEDULE_FEATURES } from '../src/flights.ts';
import { departuresOf, predictByKey, predictRequest, withOnlineDelays } from '../src/predict.ts';
import { swapUnderLoad } from '../src/swap.ts';
import { DATASET, EXAMPLE, MODEL, prepareSlipway, type PreparedSlipway, type Trained } from './prepared-slipway.ts';

const ROWS = 20_000;
const CALLS = 10_000;
const ASKED_AT = Date.UTC(2001, 3, 4, 6) / 1000;
const FEATURES = [...SCHEDULE_FEATURES, ...DELAY_FEATURES];

describeWithPython(join(EXAMPLE, 'requirements.txt'), 'a model that scikit-learn has trained', (environment) => {
  let python: PythonEnvironment;
  let prepared: PreparedSlipway;
  beforeAll(async () => {
    python = await environment();
    prepared = await prepareSlipway(ROWS);
  }, PYTHON_INSTALL_MS);
  afterAll(async () => {
    await prepared?.stop();
  });

  const artifact = async (runId: string, path: string): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const { chunk } of prepared.alice.tracking.downloadArtifact({ run_id: runId, path })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it('takes over from the built-in one under load without a wrong answer', { timeout: 300_000 }, async () => {
    const { alice, bob, stage } = prepared;
    const { signal } = stage;
    const built = { trainer: { driver: 'linear' }, options: { ridge: 2, missing: 'mean' } }; // scikit-learn's C is 1 / ridge
    const { trained: linear } = await prepared.train(prepared.trainFile('built in', built));
    await setChampionPolicy(bob, MODEL, DATASET);
    const command = {
      command: python.python,
      arguments: ['train.py'],
      'working-directory': EXAMPLE,
      'lock-command': [python.pip, 'freeze'],
      options: ['C'],
    };
    const theirs = { trainer: { driver: 'command', command }, options: { C: 0.5 } };
    const { trained: sklearn, notes } = await prepared.train(prepared.trainFile('scikit-learn', theirs));
    expect([linear.version, sklearn.version]).toEqual(['1', '2']);
    expect(notes).toContain(`${ROWS} rows, ${FEATURES.length} features`); // what the program printed
    expect(sklearn.metrics['auc']).toBeCloseTo(linear.metrics['auc'] ?? 0, 2);

    const { run } = await alice.tracking.getRun({ run_id: sklearn.run_id });
    expect(run?.status).toBe('RUN_STATUS_FINISHED');
    expect(run?.tags['mlflow.source.git.commit']).toMatch(/^[0-9a-f]{40}$/);
    expect(run?.params).toMatchObject({ trainer: 'command', C: '0.5' });
    expect(run?.metrics.map(({ key }) => key).toSorted()).toEqual(['auc', 'log_loss', 'training_auc', 'training_log_loss']); // prettier-ignore
    expect((await artifact(sklearn.run_id, 'environment.lock')).toString()).toContain('scikit-learn==');

    const approval = { model: MODEL, alias: CHAMPION, comment: DATASET };
    for (const { version } of [linear, sklearn]) await bob.registry.approveModelVersion({ ...approval, version });
    await promote(alice, { model: MODEL, version: linear.version });
    await materialize(alice, 'materialize', () => undefined);

    const file = join(stage.folder, 'online.parquet');
    await stage.flights.exportEntityRows({ from: '2001-04-04', until: '2001-04-05' }, { rows: 1_000, seed: 1 }, file);
    const columns = ['origin', ...SCHEDULE_FEATURES].map((name) => ({ name }));
    const departures = departuresOf(await readTrainingTable(file, { id: 'online', columns, signal }));
    const table = await withOnlineDelays(alice, departures, ASKED_AT);
    const expected = async ({ run_id }: Trained): Promise<Float64Array> => {
      const model = await artifact(run_id, 'model/model.onnx');
      return scoreTable(stage.runtime, { model, format: 'onnx' }, table, FEATURES, signal);
    };
    const swap = await swapUnderLoad({
      rows: table.rows,
      calls: CALLS,
      predict: (row) => predictByKey(alice.predictions, predictRequest(MODEL, departures, [row, row + 1], ASKED_AT)),
      expected: { [linear.version]: await expected(linear), [sklearn.version]: await expected(sklearn) },
      swap: () => promote(alice, { model: MODEL, version: sklearn.version }),
      onProgress: () => undefined,
    });
    expect(swap).toMatchObject({ calls: CALLS, failed: 0, wrong: 0, firstFailure: undefined });
    expect(Object.keys(swap.byVersion).toSorted()).toEqual(['1', '2']);
    expect(Object.values(swap.byVersion).reduce((sum, count) => sum + count, 0)).toBe(CALLS);
    process.stdout.write(`${CALLS} calls, by version ${JSON.stringify(swap.byVersion)}, p99 ${swap.latencyMsP99.toFixed(1)} ms\n`); // prettier-ignore
  });
});
