import type { PredictRequest } from '@slipway/contracts/slipway.serving.v1';
import { DeniedError, InvalidArgumentError, UnavailableError } from '@slipway/kernel';
import { buildModel } from '@slipway/model-package';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FakeRow } from './testing/fake-feature-store.ts';
import { readLatencies } from './testing/read-latencies.ts';
import { ServingHarness } from './testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;

/** One input per feature, and one output that is the same. */
const identity = (
  inputs: readonly { readonly name: string; readonly datatype: 'FP64' | 'FP32' | 'INT64' | 'BYTES' | 'BOOL' }[],
) =>
  buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'identity',
      inputs: inputs.map((input) => ({ ...input, shape: [-1, 1] })),
      outputs: inputs.map(({ name, datatype }) => ({ name: `${name}_out`, datatype, shape: [-1, 1] })),
      nodes: inputs.map(({ name }) => ({ op: 'Identity', inputs: [name], outputs: [`${name}_out`] })),
    },
  });

beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  const flights = identity([
    { name: 'mean', datatype: 'FP64' },
    { name: 'hour', datatype: 'FP32' },
    { name: 'count', datatype: 'FP64' },
  ]);
  harness.publishKeyed('flights', 3, flights, ['delays:mean_1h', 'request:hour', 'airports:runways']);
  await harness.moveAndSettle('flights', 3);
  harness.publishKeyed('request-only', 1, identity([{ name: 'hour', datatype: 'FP32' }]), ['request:hour']);
  await harness.moveAndSettle('request-only', 1);
  harness.publishKeyed('strict', 1, identity([{ name: 'runways', datatype: 'INT64' }]), ['airports:runways']);
  await harness.moveAndSettle('strict', 1);
  harness.publishKeyed('unknown-view', 1, identity([{ name: 'x', datatype: 'FP32' }]), ['nowhere:x']);
  await harness.moveAndSettle('unknown-view', 1);
  harness.publish('tensors', 1);
  await harness.moveAndSettle('tensors', 1);
  harness.features.views.set('delays', {
    joinKey: 'origin',
    types: { mean_1h: 'numbers' },
    rows: new Map<string, FakeRow>([
      ['JFK', { eventTime: 1_000_000n, values: { mean_1h: 12.5 } }],
      ['LGA', { eventTime: 2_000_000n, values: { mean_1h: 7.25 }, isOld: true }],
      ['EWR', { eventTime: 3_000_000n, values: {} }],
    ]),
  });
  harness.features.views.set('airports', {
    joinKey: 'origin',
    types: { runways: 'integers' },
    rows: new Map([
      ['JFK', { eventTime: 5n, values: { runways: 4n } }],
      ['LGA', { eventTime: 5n, values: { runways: 2n } }],
    ]),
  });
});
beforeEach(() => {
  harness.features.calls.length = 0;
  harness.features.failure = undefined;
});
afterAll(async () => {
  await harness.stop();
  directory.remove();
});

const strings = (...values: string[]) => ({ strings: { values } });
const numbers = (...values: number[]) => ({ numbers: { values } });
const request = (changes: PredictRequest = {}): PredictRequest => ({
  model: 'flights',
  entities: { origin: strings('JFK', 'LGA', 'EWR', 'SFO') },
  request_features: { hour: numbers(8, 9, 10, 11) },
  ...changes,
});
const single = (changes: PredictRequest = {}): PredictRequest =>
  request({ entities: { origin: strings('JFK') }, request_features: { hour: numbers(8) }, ...changes });

describe('Predict', () => {
  it('feeds the model what the store and the caller know, with one call to the store, and says how each feature was had', async () => {
    const answer = await harness.predictions.predict(request({ include_features: true }));
    expect(answer).toMatchObject({
      model: 'flights',
      alias: 'champion',
      version: '3',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(
      answer.outputs.map(({ name, datatype, shape, values }) => [name, datatype, shape, values?.numbers?.values]),
    ).toEqual([
      ['mean_out', 'FP64', ['4', '1'], [12.5, NaN, NaN, NaN]],
      ['hour_out', 'FP32', ['4', '1'], [8, 9, 10, 11]],
      ['count_out', 'FP64', ['4', '1'], [4, 2, NaN, NaN]],
    ]);
    expect(answer.features.map(({ feature, statuses }) => [feature, statuses])).toEqual([
      ['delays:mean_1h', ['PRESENT', 'OUTSIDE_MAX_AGE', 'NULL_VALUE', 'NOT_FOUND']],
      ['request:hour', ['PRESENT', 'PRESENT', 'PRESENT', 'PRESENT']],
      ['airports:runways', ['PRESENT', 'PRESENT', 'NOT_FOUND', 'NOT_FOUND']],
    ]);
    expect(answer.features[0]?.values).toMatchObject({
      numbers: { values: [12.5, 7.25, 0, 0] },
      nulls: [false, true, true, true],
    });
    expect(answer.features[2]?.values).toMatchObject({
      integers: { values: ['4', '2', '0', '0'] },
      nulls: [false, false, true, true],
    });
    expect(harness.features.calls).toHaveLength(1);
    expect(harness.features.calls[0]).toMatchObject({
      request: {
        features: ['delays:mean_1h', 'airports:runways'],
        entities: { origin: strings('JFK', 'LGA', 'EWR', 'SFO') },
      },
      options: { workspace: 'default' },
    });
  });

  it('gives every row an id of its own', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => harness.predictions.predict(request())));
    const ids = answers.flatMap(({ prediction_ids }) => prediction_ids);
    expect(ids).toHaveLength(12);
    expect(new Set(ids).size).toBe(12);
  });

  it('tells where the time went, in the answer and as a trailer, adding up exactly', async () => {
    harness.features.delay = () => new Promise((resolve) => setTimeout(resolve, 20));
    let trailer: string | undefined;
    const { latencies } = await harness.predictions.predict(single(), {
      onTrailers: (all) => (trailer = all.get('slipway-latency-ms')),
    });
    harness.features.delay = () => Promise.resolve();
    const stages = readLatencies(trailer);
    expect(stages['feature-fetch']).toBeGreaterThanOrEqual(18);
    expect(stages['inference']).toBeGreaterThan(0);
    expect(stages['encode']).toBeGreaterThan(0);
    expect(stages['batch-wait']).toBe(0);
    expect(stages).toEqual({
      queue: (latencies?.queue ?? 0) / 1000,
      'feature-fetch': (latencies?.feature_fetch ?? 0) / 1000,
      'pre-process': (latencies?.pre_process ?? 0) / 1000,
      'batch-wait': 0,
      inference: (latencies?.inference ?? 0) / 1000,
      'post-process': (latencies?.post_process ?? 0) / 1000,
      encode: (latencies?.encode ?? 0) / 1000,
      total: (latencies?.total ?? 0) / 1000,
    });
    const labels = { model: 'flights', version: '3', workspace: 'default', stage: 'feature_fetch' };
    const observed = harness.metrics.observed.get(`slipway_inference_stage_seconds${JSON.stringify(labels)}`);
    expect(observed?.at(-1)).toBe((latencies?.feature_fetch ?? 0) / 1e6);
  });

  it('leaves values out unless they are asked for, and answers with the outputs asked for', async () => {
    const answer = await harness.predictions.predict(single({ outputs: ['count_out', 'mean_out'] }));
    expect(answer.features.map(({ values }) => values)).toEqual([null, null, null]);
    expect(answer.outputs.map(({ name }) => name)).toEqual(['count_out', 'mean_out']);
  });

  it('does without the store when the model does', async () => {
    harness.features.failure = new UnavailableError('away');
    const answer = await harness.predictions.predict({ model: 'request-only', request_features: { hour: numbers(8) } });
    expect(answer.outputs[0]?.values?.numbers?.values).toEqual([8]);
    expect(harness.features.calls).toEqual([]);
  });

  it('hands on the time of the question, the deadline and the request id', async () => {
    await harness.predictions.predict(single({ as_of: { seconds: '986688000', nanos: 123_456_000 } }), {
      timeoutMs: 700,
      requestId: 'r-1',
    });
    const call = harness.features.calls[0];
    expect(call?.request.as_of).toEqual({ seconds: '986688000', nanos: 123_456_000 });
    expect(call?.options.requestId).toBe('r-1');
    expect(call?.options.timeoutMs).toBeGreaterThan(300);
    expect(call?.options.timeoutMs).toBeLessThanOrEqual(700);
  });

  it.each<[string, PredictRequest, string, string]>([
    ['an unknown model', single({ model: 'nope' }), 'not-found', "Request for unknown model: 'nope'"],
    ['an unknown alias', single({ model: 'flights@nope' }), 'not-found', "unknown model: 'flights@nope'"],
    ['a model that names no features', single({ model: 'tensors' }), 'failed-precondition', 'register it with one feature for each input, or send tensors to ModelInfer'],
    ['a missing key', single({ entities: { place: strings('JFK') } }), 'invalid-argument', 'entities[origin]: is missing'],
    ['no rows', request({ entities: {}, request_features: {} }), 'invalid-argument', 'needs at least one column'],
    ['a column of nothing', single({ entities: { origin: {} } }), 'invalid-argument', 'entities[origin]: holds no values; set strings'],
    ['nulls of another length', single({ entities: { origin: { nulls: [false, false], strings: { values: ['JFK'] } } } }), 'invalid-argument', 'entities[origin].nulls: has 2 entries for 1 values'],
    ['a null key', single({ entities: { origin: { nulls: [true], strings: { values: ['JFK'] } } } }), 'invalid-argument', 'entities[origin]: row 0 is null'],
    ['columns of two lengths', single({ request_features: { hour: numbers(8, 9) } }), 'invalid-argument', 'request_features[hour]: has 2 values and entities[origin] has 1'],
    ['a missing request feature', single({ request_features: {} }), 'invalid-argument', 'request_features[hour]: is missing'],
    ['an extra column', single({ request_features: { hour: numbers(1), day: numbers(1) } }), 'invalid-argument', 'request_features[day]: the model does not take it; it takes hour'],
    ['a wrong type', single({ request_features: { hour: strings('8') } }), 'invalid-argument', "request_features[hour]: is a column of type string, which input 'hour' of type FP32 does not take"],
    ['1001 rows', { model: 'request-only', request_features: { hour: numbers(...Array<number>(1_001).fill(1)) } }, 'invalid-argument', 'send 1 to 1000'],
    ['an unknown output', single({ outputs: ['z'] }), 'invalid-argument', "unexpected inference output 'z'"],
    ['an output twice', single({ outputs: ['mean_out', 'mean_out'] }), 'invalid-argument', 'is requested twice'],
    ['a missing value that the input has not', { model: 'strict', entities: { origin: strings('JFK', 'SFO') } }, 'failed-precondition', "feature 'airports:runways' of row 1 is NOT_FOUND, and input 'runways' of type INT64 has no missing value"],
    ['a feature that the store does not know', { model: 'unknown-view', entities: { origin: strings('JFK') } }, 'failed-precondition', 'the feature store cannot give what the model needs: there is no view nowhere'],
  ])('refuses %s, and the next call is fine', async (_, refused, kind, words) => {
    await expect(harness.predictions.predict(refused)).rejects.toMatchObject({ kind, message: expect.stringContaining(words) as string });
    expect((await harness.predictions.predict(single())).version).toBe('3');
  }); // prettier-ignore

  it.each<[string, Error, string, string]>([
    ['is away', new UnavailableError('refused'), 'unavailable', 'FEATURE_STORE_UNAVAILABLE'],
    ['refuses this server', new DeniedError('no'), 'failed-precondition', 'FEATURE_STORE_REFUSED'],
    [
      'blames our own request',
      InvalidArgumentError.of('features[0]', 'bad'),
      'failed-precondition',
      'FEATURES_UNAVAILABLE',
    ],
  ])('says so when the store %s', async (_, failure, kind, reason) => {
    harness.features.failure = failure;
    await expect(harness.predictions.predict(single())).rejects.toMatchObject({ kind, reason });
  });
});
