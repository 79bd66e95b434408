import type { Clock } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetInput } from '../domain/dataset.ts';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { LoggedModelView } from '../domain/logged-model.ts';
import type { MetricPoint } from '../domain/metric.ts';
import { createExperiment, deleteExperimentTag, markExperiment } from '../domain/use-cases/change-experiments.ts';
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  updateLoggedModel,
  type CreateLoggedModel,
} from '../domain/use-cases/change-logged-models.ts';
import { markRun } from '../domain/use-cases/change-run.ts';
import { logBatch } from '../domain/use-cases/log-batch.ts';
import { logInputs, logOutputs } from '../domain/use-cases/log-inputs.ts';
import { logMetrics } from '../domain/use-cases/log-metrics.ts';
import { purgeExperiment, purgeRun } from '../domain/use-cases/purge.ts';
import { getExperiment, searchDatasets } from '../domain/use-cases/read-experiments.ts';
import { getLoggedModel, searchLoggedModels, type SearchLoggedModels } from '../domain/use-cases/read-logged-models.ts';
import { getMetricHistory, getRun } from '../domain/use-cases/read-runs.ts';
import { ManualClock } from './manual-clock.ts';
import { newRun, point, streamOf, trackingFixture } from './tracking-fixture.ts';
import { callBy, type TrackingHarness } from './tracking-harness.ts';

const alice = callBy('alice');
const other = callBy('carol', 'other');
const about = (modelId: string, datasetName = '', datasetDigest = '') => ({ modelId, datasetName, datasetDigest });
const dataset = (name: string) => ({ name, digest: 'x', sourceType: 's', source: '', schema: '', profile: '' });

/** Logged models, places of artifacts, and what is removed for ever, by the use cases; for the database and for its fake. */
export function loggedModelSuite(name: string, make: (clock: Clock) => Promise<TrackingHarness>): void {
  describe(`logged models: ${name}`, () => {
    let clock: ManualClock;
    let harness: TrackingHarness;
    let deps: TrackingDependencies;
    beforeEach(async () => {
      clock = new ManualClock();
      harness = await make(clock);
      deps = trackingFixture(harness.unitOfWork, clock);
    });
    afterEach(() => harness.stop());

    const newModel = (more: Partial<CreateLoggedModel> = {}): Promise<LoggedModelView> => {
      const draft = {
        experimentId: 0n,
        name: 'm',
        modelType: '',
        sourceRunId: '',
        params: {},
        tags: {},
        requestId: '',
      };
      return createLoggedModel(alice, { ...draft, ...more }, deps);
    };
    const get = (modelId: string) => getLoggedModel(alice, { modelId }, deps);
    const log = (runId: string, metrics: readonly MetricPoint[]) =>
      logBatch(alice, { runId, metrics, params: {}, tags: {} }, deps);
    const experiment = async (label: string, artifactLocation = '') =>
      createExperiment(alice, { name: label, tags: {}, artifactLocation, requestId: '' }, deps);

    describe('places of artifacts', () => {
      it('are ours unless the experiment has its own, which runs and models follow', async () => {
        const own = await experiment('own');
        expect(own.artifactLocation).toBe(`mlflow-artifacts:/${own.id}`);
        const { run } = await newRun(deps, alice, { experimentId: own.id });
        expect(run.artifactUri).toBe(`mlflow-artifacts:/${own.id}/${run.runId}/artifacts`);
        expect((await getRun(alice, { runId: run.runId }, deps)).run).toEqual(run);
        const foreign = await experiment('foreign', 'S3://bucket/a/');
        expect(await getExperiment(alice, { id: foreign.id }, deps)).toEqual(foreign);
        const there = await newRun(deps, alice, { experimentId: foreign.id });
        expect((await getRun(alice, { runId: there.run.runId }, deps)).run.artifactUri).toBe(
          `s3://bucket/a/${there.run.runId}/artifacts`,
        );
        const { model } = await newModel({ experimentId: foreign.id });
        expect(model.artifactUri).toBe(`s3://bucket/a/models/${model.modelId}/artifacts`);
      });

      it('lose one tag of an experiment, and say when there is none', async () => {
        const draft = { name: 'e', tags: { a: '1', b: '2' }, artifactLocation: '', requestId: '' };
        const { id } = await createExperiment(alice, draft, deps);
        await deleteExperimentTag(alice, { id, key: 'a' }, deps);
        expect((await getExperiment(alice, { id }, deps)).tags).toEqual({ b: '2' });
        await expect(deleteExperimentTag(alice, { id, key: 'a' }, deps)).rejects.toMatchObject({
          message: `No tag with name: a in experiment with id ${id}`,
        });
      });
    });

    describe('one model', () => {
      it('begins as pending with a name and a place, and is the same when asked for', async () => {
        const { run } = await newRun(deps, alice);
        const made = await newModel({ name: '', sourceRunId: run.runId, params: { p: '1' }, tags: { t: '2' } });
        expect(made.model.modelId).toMatch(/^m-[0-9a-f]{32}$/);
        expect(made.model.name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
        expect(made).toMatchObject({ model: { status: 'PENDING' }, params: { p: '1' }, tags: { t: '2' }, metrics: [] });
        expect(made.model.artifactUri).toBe(`mlflow-artifacts:/0/models/${made.model.modelId}/artifacts`);
        expect(await get(made.model.modelId)).toEqual(made);
        await expect(getLoggedModel(other, { modelId: made.model.modelId }, deps)).rejects.toMatchObject({
          reason: 'LOGGED_MODEL_NOT_FOUND',
        });
      });

      it('answers a repeated creation with the first one', async () => {
        const first = await newModel({ name: 'once', requestId: 'r' });
        expect(await newModel({ name: 'once', requestId: 'r' })).toEqual(first);
      });

      it.each(['a/b', 'a:b', 'a.b', 'a%b', 'a"b', "a'b", 'a\u0000', 'x'.repeat(501)])(
        'has not the name %j',
        async (bad) => {
          await expect(newModel({ name: bad })).rejects.toMatchObject({ reason: 'ENTRY_INVALID' });
        },
      );

      it('belongs to an active experiment and to a run that there is', async () => {
        await expect(newModel({ experimentId: 99n })).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
        await expect(newModel({ sourceRunId: 'nobody' })).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
      });

      it('takes status, tags and parameters; another value of a parameter changes nothing', async () => {
        const { model } = await newModel({ params: { p: '1' }, tags: { t: '1' } });
        const { modelId } = model;
        clock.advance(5);
        const edit = { modelId, status: 'READY' as const, setTags: { t: '2', u: '3' }, addParams: { p: '1', q: '2' } };
        const next = await updateLoggedModel(alice, edit, deps);
        expect(next).toMatchObject({
          params: { p: '1', q: '2' },
          tags: { t: '2', u: '3' },
          model: { status: 'READY' },
        });
        expect(next.model.lastUpdateTime).toBe(model.creationTime + 5n);
        const bad = { modelId, status: 'PENDING' as const, setTags: { t: '9' }, addParams: { p: '2', r: '1' } };
        await expect(updateLoggedModel(alice, bad, deps)).rejects.toMatchObject({ reason: 'PARAM_CHANGED' });
        expect(await get(modelId)).toEqual(next);
        await deleteLoggedModelTag(alice, { modelId, key: 'u' }, deps);
        expect((await get(modelId)).tags).toEqual({ t: '2' });
        const absent = deleteLoggedModelTag(alice, { modelId, key: 'u' }, deps);
        await expect(absent).rejects.toMatchObject({ reason: 'TAG_NOT_FOUND' });
      });

      it('is not found once it is deleted, by nobody', async () => {
        const { modelId } = (await newModel()).model;
        await deleteLoggedModel(alice, { modelId }, deps);
        const refusal = { reason: 'LOGGED_MODEL_NOT_FOUND', message: `Logged model with ID '${modelId}' not found.` };
        const edit = { modelId, status: undefined, setTags: {}, addParams: {} };
        for (const call of [
          () => get(modelId),
          () => deleteLoggedModel(alice, { modelId }, deps),
          () => deleteLoggedModelTag(alice, { modelId, key: 'k' }, deps),
          () => updateLoggedModel(alice, edit, deps),
        ]) {
          await expect(call()).rejects.toMatchObject(refusal);
        }
        expect((await harness.audit()).map(({ action }) => action)).toEqual([
          'tracking.logged-models.create',
          'tracking.logged-models.delete',
        ]);
      });
    });

    describe('points about a model', () => {
      it('are points of the run and the latest values of the model by key and dataset', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        const { modelId } = (await newModel()).model;
        await log(runId, [
          { ...point('auc', 0.5, 1), about: about(modelId) },
          { ...point('auc', 0.9, 3), about: about(modelId, 'test', 'd1') },
          { ...point('auc', 0.7, 2), about: about(modelId) },
          point('auc', 0.1, 9),
        ]);
        const messages = [
          { runId, points: [{ ...point('auc', 0.6, 1), about: about(modelId) }] },
          { runId, points: [{ ...point('auc', Number.NaN, 4), about: about(modelId, 'test', 'd1') }] },
        ];
        for await (const _ of logMetrics(alice, streamOf(messages), deps, new AbortController().signal));
        expect((await get(modelId)).metrics).toEqual([
          { ...point('auc', 0.7, 2), about: about(modelId) },
          { ...point('auc', Number.NaN, 4), about: about(modelId, 'test', 'd1') },
        ]);
        const history = await getMetricHistory(alice, { runId, key: 'auc', pageSize: 100, pageToken: '' }, deps);
        expect(history.items.map(({ value }) => value)).toEqual([0.5, 0.6, 0.7, 0.9, Number.NaN, 0.1]);
        expect(history.items.every((each) => each.about === undefined)).toBe(true);
      });

      it('are refused for a model that is not there, and for half a dataset', async () => {
        const { run } = await newRun(deps, alice);
        const { runId } = run;
        const { modelId } = (await newModel()).model;
        await expect(log(runId, [{ ...point('m', 1), about: about('m-none') }])).rejects.toMatchObject({
          reason: 'LOGGED_MODEL_NOT_FOUND',
        });
        await expect(log(runId, [{ ...point('m', 1), about: about(modelId, 'd') }])).rejects.toMatchObject({
          violations: [{ field: 'metrics[0].dataset_digest' }],
        });
        const stream = streamOf([{ runId, points: [{ ...point('m', 1), about: about('m-none') }] }]);
        const reading = logMetrics(alice, stream, deps, new AbortController().signal).next();
        await expect(reading).rejects.toMatchObject({ reason: 'LOGGED_MODEL_NOT_FOUND' });
        expect((await getRun(alice, { runId }, deps)).metrics).toEqual([]);
      });
    });

    it('are read and made by runs, each once', async () => {
      const { run } = await newRun(deps, alice);
      const { runId } = run;
      const [first, second] = [(await newModel()).model.modelId, (await newModel()).model.modelId].sort() as [
        string,
        string,
      ];
      await logInputs(alice, { runId, inputs: [], models: [{ modelId: second }] }, deps);
      await logInputs(alice, { runId, inputs: [], models: [{ modelId: first }, { modelId: second }] }, deps);
      await logOutputs(alice, { runId, models: [{ modelId: first, step: 7n }] }, deps);
      await logOutputs(alice, { runId, models: [{ modelId: first, step: 8n }] }, deps);
      expect(await getRun(alice, { runId }, deps)).toMatchObject({
        modelInputs: [{ modelId: first }, { modelId: second }],
        modelOutputs: [{ modelId: first, step: 7n }],
      });
      const unknown = logOutputs(alice, { runId, models: [{ modelId: 'm-none', step: 0n }] }, deps);
      await expect(unknown).rejects.toMatchObject({ reason: 'LOGGED_MODEL_NOT_FOUND' });
    });

    it('datasets of experiments are told once by context', async () => {
      const { id } = await experiment('e');
      for (const context of ['training', 'training', 'eval']) {
        const { run } = await newRun(deps, alice, { experimentId: id });
        const inputs: readonly DatasetInput[] = [
          { dataset: dataset('a'), tags: { 'mlflow.data.context': context } },
          { dataset: dataset('b'), tags: {} },
        ];
        await logInputs(alice, { runId: run.runId, inputs, models: [] }, deps);
      }
      expect(await searchDatasets(alice, { experiments: [id, 0n] }, deps)).toEqual([
        { experimentId: id, name: 'a', digest: 'x', context: 'eval' },
        { experimentId: id, name: 'a', digest: 'x', context: 'training' },
        { experimentId: id, name: 'b', digest: 'x', context: '' },
      ]);
      expect(await searchDatasets(alice, { experiments: [0n] }, deps)).toEqual([]);
    });

    describe('searches', () => {
      const query = { experiments: [0n], filter: '', datasets: [], orderBy: [], pageSize: 100, pageToken: '' };
      const namesOf = async (more: Partial<SearchLoggedModels>): Promise<string> => {
        const { items } = await searchLoggedModels(alice, { ...query, ...more }, deps);
        return items.map(({ model }) => model.name).join('');
      };
      const by = (field: string, descending = false, on?: { name: string; digest: string }) => [
        { field, descending, dataset: on },
      ];
      beforeEach(async () => {
        const { run } = await newRun(deps, alice);
        const values = { a: 3, b: Number.NaN, c: 1 } as const;
        for (const [label, value] of Object.entries(values)) {
          clock.advance(10);
          const { model } = await newModel({ name: label, params: { p: label }, tags: { t: label.toUpperCase() } });
          const { modelId } = model;
          await log(run.runId, [
            { ...point('auc', value), about: about(modelId) },
            { ...point('auc', -value, 1), about: about(modelId, 'd', label) },
          ]);
        }
        clock.advance(10);
        const { modelId } = (await newModel({ name: 'd', modelType: 'agent' })).model;
        await updateLoggedModel(alice, { modelId, status: 'READY', setTags: {}, addParams: {} }, deps);
        const gone = await newModel({ name: 'gone' });
        await deleteLoggedModel(alice, { modelId: gone.model.modelId }, deps);
      });

      it.each([
        ['', 'dcba'],
        ["name = 'a'", 'a'],
        ["attributes.name IN ('a', 'b')", 'ba'],
        ["name NOT IN ('a', 'b')", 'dc'],
        ["status = 'READY'", 'd'],
        ["status = 'LOGGED_MODEL_READY'", 'd'],
        ["model_type LIKE 'ag%'", 'd'],
        ["params.p = 'a'", 'a'],
        ["params.p != 'a'", 'cb'],
        ["tags.t ILIKE 'b'", 'b'],
        ['metrics.auc > 0', 'ca'],
        ["metrics.auc = 1 AND params.p = 'c'", 'c'],
        ["metrics.auc < 0 OR name = 'd'", 'dca'],
        ["NOT (name = 'a')", 'dcb'],
        ['creation_timestamp > 0', 'dcba'],
        ['last_updated_timestamp < 0', ''],
      ])('take %s', async (filter, expected) => {
        expect(await namesOf({ filter })).toBe(expected);
      });

      it('look at datasets that are named, and order by the latest value, absent ones last', async () => {
        const datasets = [{ name: 'd', digest: '' }];
        expect(await namesOf({ filter: 'metrics.auc < 0', datasets })).toBe('ca');
        expect(await namesOf({ filter: 'metrics.auc > 0', datasets })).toBe('');
        expect(await namesOf({ filter: 'metrics.auc < 0', datasets: [{ name: 'd', digest: 'a' }] })).toBe('a');
        expect(await namesOf({ orderBy: by('metrics.auc') })).toBe('acbd');
        expect(await namesOf({ orderBy: by('metrics.auc', true) })).toBe('cabd');
        expect(await namesOf({ orderBy: by('metrics.auc', true, { name: 'd', digest: 'c' }) })).toBe('cdba');
        expect(await namesOf({ orderBy: by('name') })).toBe('abcd');
        expect(await namesOf({ orderBy: by('creation_timestamp') })).toBe('abcd');
      });

      it.each([
        [{ filter: 'metric.auc > 1' }, 'FILTER_INVALID'],
        [{ filter: "param.p = 'a'" }, 'FILTER_INVALID'],
        [{ filter: "nothing = 'a'" }, 'FILTER_INVALID'],
        [{ filter: "metrics.auc > '1'" }, 'FILTER_INVALID'],
        [{ orderBy: by('params.p') }, 'ORDER_BY_INVALID'],
        [{ orderBy: [...by('name'), ...by('name', true)] }, 'ORDER_BY_INVALID'],
        [{ orderBy: by('name', false, { name: 'd', digest: '' }) }, 'ORDER_BY_INVALID'],
      ])('refuse %j', async (more, reason) => {
        await expect(namesOf(more)).rejects.toMatchObject({ reason });
      });

      it('go on page by page, and only in the same search', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 3 }),
            fc.constantFrom('metrics.auc', 'name', 'creation_time'),
            fc.boolean(),
            async (pageSize, field, descending) => {
              const orderBy = by(field, descending);
              const whole = await namesOf({ orderBy });
              let [found, pageToken]: [string, string | undefined] = ['', ''];
              while (pageToken !== undefined) {
                const page = await searchLoggedModels(alice, { ...query, orderBy, pageSize, pageToken }, deps);
                found += page.items.map(({ model }) => model.name).join('');
                pageToken = page.nextPageToken;
              }
              expect(found).toBe(whole);
            },
          ),
          { numRuns: 12, seed: 7 },
        );
        const { nextPageToken = '' } = await searchLoggedModels(alice, { ...query, pageSize: 1 }, deps);
        const changed = { ...query, filter: "name = 'a'", pageSize: 1, pageToken: nextPageToken };
        await expect(searchLoggedModels(alice, changed, deps)).rejects.toMatchObject({ kind: 'invalid-argument' });
        const bad = { ...query, pageToken: 'garbage' };
        await expect(searchLoggedModels(alice, bad, deps)).rejects.toMatchObject({ kind: 'invalid-argument' });
      });
    });

    describe('what is removed for ever', () => {
      it('is a deleted run with everything of it, and its deleted models', async () => {
        const { run } = await newRun(deps, alice);
        const kept = await newRun(deps, alice);
        const { runId } = run;
        const gone = (await newModel({ name: 'gone', sourceRunId: runId })).model.modelId;
        const stays = (await newModel({ name: 'stays', sourceRunId: runId })).model.modelId;
        const both = [{ modelId: gone }, { modelId: stays }];
        for (const each of [runId, kept.run.runId]) {
          await log(each, [{ ...point('m', 1), about: about(stays) }]);
          await logInputs(alice, { runId: each, inputs: [{ dataset: dataset('d'), tags: {} }], models: both }, deps);
        }
        await expect(purgeRun(alice, { runId }, deps)).rejects.toMatchObject({ reason: 'NOT_DELETED' });
        await deleteLoggedModel(alice, { modelId: gone }, deps);
        await markRun(alice, { runId, deleted: true }, deps);
        await purgeRun(alice, { runId }, deps);
        await expect(getRun(alice, { runId }, deps)).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
        await expect(purgeRun(alice, { runId }, deps)).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
        expect(await getRun(alice, { runId: kept.run.runId }, deps)).toMatchObject({
          metrics: [point('m', 1)],
          datasets: [{ dataset: dataset('d') }],
          modelInputs: [{ modelId: stays }],
        });
        expect((await get(stays)).metrics).toHaveLength(1);
      });

      it('is a deleted experiment with its runs and models; its name is free again, its number is not', async () => {
        const { id } = await experiment('e');
        const { run } = await newRun(deps, alice, { experimentId: id });
        const { modelId } = (await newModel({ experimentId: id })).model;
        await log(run.runId, [{ ...point('m', 1), about: about(modelId) }]);
        await logInputs(alice, { runId: run.runId, inputs: [{ dataset: dataset('d'), tags: {} }], models: [] }, deps);
        await expect(purgeExperiment(alice, { id }, deps)).rejects.toMatchObject({ reason: 'NOT_DELETED' });
        await markExperiment(alice, { id, deleted: true }, deps);
        await expect(purgeExperiment(other, { id }, deps)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
        await purgeExperiment(alice, { id }, deps);
        await expect(getExperiment(alice, { id }, deps)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
        await expect(getRun(alice, { runId: run.runId }, deps)).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
        await expect(get(modelId)).rejects.toMatchObject({ reason: 'LOGGED_MODEL_NOT_FOUND' });
        expect(await searchDatasets(alice, { experiments: [id] }, deps)).toEqual([]);
        expect((await experiment('e')).id).toBeGreaterThan(id);
      });
    });
  });
}
