import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTracking, streamOf, type TrackingUnderTest } from './tracking-under-test.ts';

describe('logged models over the wire', () => {
  let tracking: TrackingUnderTest;
  beforeAll(async () => {
    tracking = await startTracking();
  });
  afterAll(() => tracking.stop());

  it('are made, measured, found and removed as MLflow does it', async () => {
    const alice = tracking.as('alice');
    const { experiment } = await alice.createExperiment({ name: 'flights', tags: { a: '1' } });
    const experiment_id = experiment?.experiment_id ?? '';
    expect(experiment?.artifact_location).toBe(`mlflow-artifacts:/${experiment_id}`);
    await alice.deleteExperimentTag({ experiment_id, key: 'a' });
    expect((await alice.getExperiment({ experiment_id })).experiment?.tags).toEqual({});
    const source_run_id = (await alice.createRun({ experiment_id })).run?.run_id ?? '';
    const params = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`p${at}`, String(at)]));
    const created = await alice.createLoggedModel({ experiment_id, name: 'delay', source_run_id, params });
    const model_id = created.model?.model_id ?? '';
    expect(created.model).toMatchObject({
      experiment_id,
      status: 'LOGGED_MODEL_STATUS_PENDING',
      artifact_uri: `mlflow-artifacts:/${experiment_id}/models/${model_id}/artifacts`,
      params,
    });
    const on = { dataset_name: 'april', dataset_digest: 'd1' };
    const point = { key: 'auc', value: 0.75, timestamp: '5', step: '9223372036854775807', model_id, ...on };
    await alice.logBatch({ run_id: source_run_id, metrics: [point] });
    const later = { ...point, key: 'loss', value: Number.NaN };
    const counts: number[] = [];
    for await (const { durable_points } of alice.logMetrics(streamOf([{ run_id: source_run_id, metrics: [later] }]))) {
      counts.push(Number(durable_points));
    }
    expect(counts.at(-1)).toBe(1);
    await alice.logOutputs({ run_id: source_run_id, models: [{ model_id, step: '2' }] });
    await alice.logInputs({ run_id: source_run_id, models: [{ model_id }] });
    const { run } = await alice.getRun({ run_id: source_run_id });
    expect(run).toMatchObject({ model_inputs: [{ model_id }], model_outputs: [{ model_id, step: '2' }] });
    await alice.updateLoggedModel({ model_id, status: 'LOGGED_MODEL_STATUS_READY', set_tags: { t: 'x' } });
    const query = {
      experiment_ids: [experiment_id],
      filter: "metrics.auc > 0.7 AND attributes.status = 'LOGGED_MODEL_READY' AND tags.t = 'x'",
      datasets: [{ name: 'april' }],
      order_by: [{ field: 'metrics.auc', descending: true, dataset: { name: 'april', digest: 'd1' } }],
    };
    const { models } = await alice.searchLoggedModels(query);
    expect(models.map((model) => [model.model_id, model.metrics])).toEqual([[model_id, [point, later]]]);
    expect((await tracking.as('carol').searchLoggedModels(query)).models).toEqual([]);
    await alice.deleteLoggedModel({ model_id });
    expect((await alice.searchLoggedModels(query)).models).toEqual([]);
    await expect(alice.getLoggedModel({ model_id })).rejects.toMatchObject({ kind: 'not-found' });
  });
});

it('files of a removed run go after a restart when the process is killed before they went', async () => {
  const home = temporaryDirectory('slipway-tracking-purge-');
  try {
    const killed = await startTracking({ 'tracking.removal-sweep-ms': 3_600_000 }, home.path);
    const alice = killed.as('alice');
    const runs: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const run_id = (await alice.createRun({})).run?.run_id ?? '';
      runs.push(run_id);
      await alice.uploadArtifact(
        streamOf([{ header: { run_id, path: 'model.onnx' } }, { chunk: Buffer.from(run_id) }]),
      );
    }
    const [gone = '', kept = ''] = runs;
    await alice.deleteRun({ run_id: gone });
    await alice.purgeRun({ run_id: gone });
    await killed.process.kill('SIGKILL');
    await killed.stop();
    const filesOf = (run: string): readonly string[] =>
      readdirSync(home.path, { recursive: true, encoding: 'utf8' }).filter(
        (path) => path.includes(run) && path.includes('model.onnx') && existsSync(join(home.path, path)),
      );
    expect(filesOf(gone)).not.toEqual([]);
    const survivor = await startTracking({ 'tracking.removal-sweep-ms': 50 }, home.path);
    await expect(survivor.as('alice').getRun({ run_id: gone })).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
    await expect.poll(() => filesOf(gone), { timeout: 10_000 }).toEqual([]);
    expect(filesOf(kept)).not.toEqual([]);
    await survivor.stop();
  } finally {
    home.remove();
  }
});
