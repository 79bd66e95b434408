import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodMessage } from './bad-input/rule-breakers.ts';
import { encode, SlipwayUnderTest, type Answer, type Fields } from './bad-input/slipway-under-test.ts';
import { frame } from './bad-input/wire-client.ts';

const ROUTING = '/slipway.routing.v1.RoutingService/';
const MONITOR = '/slipway.monitoring.v1.MonitorService/';
const STREAMS = '/slipway.serving.v1.StreamService/';
const PIPELINES = '/slipway.batch.v1.PipelineService/';
const BATCH = '/slipway.batch.v1.BatchService/';
const PREDICT = '/slipway.serving.v1.PredictionService/Predict';
const FEATURES = '/slipway.features.v1.FeatureStoreService/';
const REGISTRY = '/slipway.registry.v1.RegistryService/';
const PIPELINE = `
apiVersion: slipway.pipeline/v1
kind: Pipeline
name: secrets
steps:
  - { name: check, kind: validate, with: { source: flights, until: '2001-04-01', rowsMin: 1 } }
`;
const TIME = { seconds: 986_688_000 };

let slipway: SlipwayUnderTest;
/** Of the experiment and the run of a pipeline of the other workspace. */
let experiment = '';
let pipelineRun = '';

/** An objective with an experiment, a monitor, a stream and a pipeline, all named `secrets`, in the workspace of carol. */
beforeAll(async () => {
  slipway = await SlipwayUnderTest.start();
  const carol = (path: string, message: Fields): Promise<Answer> =>
    slipway.expectOk(slipway.call(path, message, 'carol'));
  for (const alias of ['champion', 'live']) {
    await carol(`${REGISTRY}SetAliasPolicy`, { model: 'secrets', alias, approvals_required: 0 });
    await carol(`${REGISTRY}MoveAlias`, { model: 'secrets', alias, version: 1 });
  }
  const deployment = (alias: string) => ({ model: 'secrets', alias });
  await carol(`${ROUTING}SetObjective`, { name: 'secrets', deployment: deployment('live'), unit_keys: ['origin'] });
  const { first } = await carol(`${ROUTING}CreateRoutingExperiment`, {
    name: 'secrets',
    objective: 'secrets',
    kind: 1,
    arms: ['live', 'champion'].map((name) => ({ name, deployment: deployment(name), weight: 500 })),
    policy: { metric: 'log_loss' },
    manual: true,
  });
  experiment = String((first['experiment'] as Fields)['id']);
  await carol(`${MONITOR}SetMonitor`, { objective: 'secrets', output: 'probability', manual: true });
  await carol(`${STREAMS}CreateStream`, { name: 'secrets', model: 'secrets@champion' });
  await carol(`${PIPELINES}ApplyPipeline`, { content: PIPELINE });
  const begun = await carol(`${PIPELINES}StartPipelineRun`, { pipeline: 'secrets' });
  pipelineRun = String((begun.first['run'] as Fields)['id']);
  await carol(`${FEATURES}WritePredictions`, {
    table: 'secrets',
    keys: { origin: { strings: { values: ['ATL'] } } },
    outputs: { probability: { numbers: { values: [0.5] } } },
    time_micros: [1],
    sequences: [1],
  });
}, 60_000);
afterAll(async () => {
  await slipway.stop();
});

/** What does not differ from call to call, without the name that was asked for. */
const neutral = ({ code, message, reason, fields, facts, messages }: Answer): string =>
  JSON.stringify({ code, message, reason, fields, facts, messages }).replaceAll(/secrets|missing/g, 'THE-THING');

const units = { origin: { strings: { values: ['ATL'] } } };
/** Each question about `secrets`, which exists in another workspace. */
const questions: [string, (name: string) => Fields][] = [
  [`${ROUTING}GetObjective`, (name) => ({ name })],
  [`${ROUTING}ListRoutingExperiments`, (objective) => ({ objective })],
  [`${ROUTING}Assign`, (objective) => ({ objective, units })],
  [
    `${ROUTING}CreateRoutingExperiment`,
    (objective) => ({
      name: 'x',
      objective,
      kind: 1,
      arms: ['live', 'champion'].map((name) => ({ name, deployment: { model: objective, alias: name }, weight: 500 })),
      policy: { metric: 'log_loss' },
    }),
  ],
  [`${MONITOR}GetMonitor`, (objective) => ({ objective })],
  [
    `${MONITOR}RecordOutcomes`,
    (objective) => ({ objective, prediction_ids: ['a'], labels: [1], observed_micros: [1] }),
  ],
  [`${MONITOR}GetCoverage`, (objective) => ({ objective })],
  [`${MONITOR}EvaluateWindows`, (objective) => ({ objective, until: TIME })],
  [`${MONITOR}ListWindows`, (objective) => ({ objective })],
  [`${MONITOR}GetExperimentDays`, (objective) => ({ objective, experiment: 'e' })],
  [`${MONITOR}ListAlerts`, (objective) => ({ objective })],
  [`${MONITOR}GetReference`, (model) => ({ model, version: 1 })],
  [`${STREAMS}GetStream`, (name) => ({ name })],
  [`${STREAMS}DeleteStream`, (name) => ({ name })],
  [
    `${STREAMS}PublishEvents`,
    (stream) => ({ stream, events: [{ id: 'a', key: 'k', time_micros: 1, data_json: '{}' }] }),
  ],
  [PREDICT, (model) => ({ model, entities: { origin: { strings: { values: ['ATL'] } } } })],
  [`${PIPELINES}GetPipeline`, (name) => ({ name })],
  [`${PIPELINES}DeletePipeline`, (name) => ({ name })],
  [`${PIPELINES}StartPipelineRun`, (pipeline) => ({ pipeline })],
  [`${PIPELINES}ListPipelineRuns`, (pipeline) => ({ pipeline })],
  [`${BATCH}ListScoringJobs`, (consumer) => ({ consumer })],
  [`${FEATURES}GetPredictions`, (table) => ({ table, keys: units })],
  [`${FEATURES}ListPositions`, (consumer) => ({ consumer })],
  [`${FEATURES}ListScoringSets`, (consumer) => ({ consumer })],
];

describe('another workspace', () => {
  it.each(questions)('%s: what is there is as absent as what never was', async (path, about) => {
    const there = await slipway.call(path, about('secrets'), 'alice');
    const nowhere = await slipway.call(path, about('missing'), 'alice');
    expect(neutral(there)).toBe(neutral(nowhere));
    // a version that is not there has no reference
    expect(['NOT_FOUND', 'OK', 'FAILED_PRECONDITION']).toContain(there.code);
    if (!path.endsWith('GetReference')) expect(there.code).not.toBe('FAILED_PRECONDITION');
    expect(slipway.leakIn(there.wire)).toBeUndefined();
  });

  it.each(['GetRoutingExperiment', 'StopRoutingExperiment', 'AnalyzeExperiment', 'ListAnalyses'])(
    '%s does not find its experiment by id',
    async (name) => {
      const absent = `${experiment.slice(0, -4)}0000`;
      const there = await slipway.call(ROUTING + name, { id: experiment }, 'alice');
      const nowhere = await slipway.call(ROUTING + name, { id: absent }, 'alice');
      expect(there.code).toBe('NOT_FOUND');
      expect(neutral(there).replaceAll(experiment, 'ID')).toBe(neutral(nowhere).replaceAll(absent, 'ID'));
      expect((await slipway.call(`${ROUTING}GetRoutingExperiment`, { id: experiment }, 'carol')).first).toMatchObject({
        experiment: { state: 'EXPERIMENT_STATE_RUNNING' },
      });
    },
  );

  it.each(['GetPipelineRun', 'WatchPipelineRun', 'CancelPipelineRun', 'ResumePipelineRun'])(
    '%s does not find its run of a pipeline by id',
    async (name) => {
      const absent = `${pipelineRun.slice(0, -4)}0000`;
      const there = await slipway.call(PIPELINES + name, { id: pipelineRun }, 'alice');
      const nowhere = await slipway.call(PIPELINES + name, { id: absent }, 'alice');
      expect(there.code).toBe('NOT_FOUND');
      expect(neutral(there).replaceAll(pipelineRun, 'ID')).toBe(neutral(nowhere).replaceAll(absent, 'ID'));
      expect((await slipway.call(`${PIPELINES}GetPipelineRun`, { id: pipelineRun }, 'carol')).code).toBe('OK');
    },
  );

  it.each([
    `${ROUTING}ListObjectives`,
    `${ROUTING}ListRoutingExperiments`,
    `${MONITOR}ListMonitors`,
    `${MONITOR}ListAlerts`,
    `${STREAMS}ListStreams`,
    `${PIPELINES}ListPipelines`,
    `${PIPELINES}ListPipelineRuns`,
    `${FEATURES}ListPredictionTables`,
  ])('%s lists nothing of it', async (path) => {
    const [own, other] = [await slipway.call(path, {}, 'alice'), await slipway.call(path, {}, 'carol')];
    expect([own.code, other.code]).toEqual(['OK', 'OK']);
    expect(JSON.stringify(own.messages)).not.toContain('secrets');
    if (!path.endsWith('ListAlerts')) expect(JSON.stringify(other.messages)).toContain('secrets');
  });

  it('refuses every method to whoever is not in it, before it looks at the request', { timeout: 60_000 }, async () => {
    const headers = { 'slipway-workspace': 'other' };
    const protectedMethods = slipway.methods.filter(({ permission }) => permission !== 'public');
    for (const { path, request } of protectedMethods) {
      for (const bytes of [encode(request, goodMessage(request)), Buffer.alloc(0)]) {
        const answer = await slipway.answer(path, { body: [frame(bytes)], token: slipway.token('alice'), headers });
        expect([path, answer.code]).toEqual([path, 'PERMISSION_DENIED']);
        expect(slipway.leakIn(answer.wire)).toBeUndefined();
      }
    }
    console.info(`another workspace: ${protectedMethods.length * 2} calls denied`);
    expect(protectedMethods.length).toBeGreaterThan(100);
  });

  it('takes no assignment of it', async () => {
    const assigned = await slipway.expectOk(slipway.call(`${ROUTING}Assign`, { objective: 'secrets', units }, 'carol'));
    const [{ token }] = assigned.first['assignments'] as [{ token: string }];
    const answer = await slipway.call(PREDICT, { assignments: [token], request_features: {} }, 'alice');
    expect(['PERMISSION_DENIED', 'INVALID_ARGUMENT']).toContain(answer.code);
    expect(JSON.stringify(answer.messages) + answer.message).not.toContain('secrets');
  });
});
