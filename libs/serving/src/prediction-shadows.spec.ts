import type { PredictRequest } from '@slipway/contracts/slipway.serving.v1';
import { buildModel } from '@slipway/model-package';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { FakeRouter } from './testing/fake-router.ts';
import { hearPredictions } from './testing/hear-predictions.ts';
import { ServingHarness } from './testing/serving-harness.ts';
import { sumModel } from './testing/sum-model.ts';

const directory = temporaryDirectory();
const router = new FakeRouter();
let harness: ServingHarness;
let heard: Awaited<ReturnType<typeof hearPredictions>>;

/** One output `y` that is the product of the inputs. */
const productModel = (inputs: readonly string[]): Uint8Array =>
  buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'product',
      inputs: inputs.map((name) => ({ name, datatype: 'FP64', shape: [-1, 1] })),
      outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
      nodes: [{ op: 'Mul', inputs, outputs: ['y'] }],
    },
  });

beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path, routing: router });
  heard = await hearPredictions(harness.bus);
  harness.features.views.set('view', {
    joinKey: 'id',
    types: { f: 'numbers', g: 'numbers' },
    rows: new Map([
      ['a', { eventTime: 1n, values: { f: 2, g: 10 } }],
      ['b', { eventTime: 2n, values: { f: 3, g: 20 } }],
    ]),
  });
  harness.publishKeyed('m', 1, sumModel(['f', 'x']), ['view:f', 'request:x']);
  harness.publishKeyed('m', 2, productModel(['x', 'f']), ['request:x', 'view:f']);
  harness.publishKeyed('m', 3, sumModel(['f', 'g']), ['view:f', 'view:g']);
  harness.publishKeyed('m', 4, sumModel(['x', 'z']), ['request:x', 'request:z']);
  for (const [version, alias] of [[1, 'champion'], [2, 'next'], [3, 'wide'], [4, 'greedy'], [1, 'same']] as const) {
    await harness.moveAndSettle('m', version, alias);
  } // prettier-ignore
});
beforeEach(() => {
  harness.features.calls.length = 0;
  harness.metrics.counts.clear();
});
afterAll(async () => {
  await harness.stop();
  directory.remove();
});

const request: PredictRequest = {
  entities: { id: { strings: { values: ['a', 'b'] } } },
  request_features: { x: { numbers: { values: [5, 7] } } },
};
const shadowsOf = (...aliases: string[]) => ({ shadows: aliases.map((alias) => ({ model: 'm', alias })) });

let calls = 0;
/** Predicts with shadows; the answer and what was logged of it. */
async function predict(aliases: readonly string[], changes: PredictRequest = {}) {
  const ids = [`${calls++}-1`, `${calls}-2`];
  const assignments = [await router.assign(shadowsOf(...aliases))];
  const answer = await harness.predictions.predict({ ...request, assignments, prediction_ids: ids, ...changes });
  const call = await vi.waitFor(
    () => {
      const found = heard.find(({ prediction_ids }) => prediction_ids[0] === ids[0]);
      if (!found) throw new Error('not logged yet');
      return found;
    },
    { timeout: 5_000 },
  );
  return { answer, call };
}
const count = (name: string, labels: Readonly<Record<string, string>>): number | undefined =>
  harness.metrics.counts.get(`${name}${JSON.stringify(labels)}`);
const of = (alias: string) => ({ model: 'm', alias, workspace: 'default' });

it('logs what shadows say and answers with what the deployment says', async () => {
  const { answer, call } = await predict(['next']);
  expect(answer.version).toBe('1');
  expect(answer.outputs.map(({ values }) => values?.numbers?.values)).toEqual([[7, 10]]);
  expect(JSON.stringify(answer)).not.toContain('next');
  expect(call).toMatchObject({ version: '1', alias: 'champion', outputs: { y: { values: [7, 10] } } });
  expect(call.shadows).toEqual([
    {
      model: 'm',
      alias: 'next',
      version: '2',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      outputs: { y: { values: [10, 21] } },
    },
  ]);
  expect(call.shadows[0]?.digest).not.toBe(answer.digest);
  expect(harness.features.calls).toHaveLength(1); // what the call had is not fetched again
  expect(count('slipway_shadow_rows_total', of('next'))).toBe(2);
});

it('fetches what only the shadow needs', async () => {
  const { call } = await predict(['wide']);
  expect(call.shadows.map(({ outputs }) => outputs['y']?.values)).toEqual([[12, 23]]);
  expect(harness.features.calls.map(({ request: { features } }) => features)).toEqual([['view:f'], ['view:g']]);
});

it('does not score a version twice', async () => {
  const scored: bigint[] = [];
  for (const alias of ['champion', 'next', 'wide']) {
    const version = harness.service.models.find({ workspace: 'default', model: 'm', alias })?.current;
    if (!version) throw new Error(`${alias} is not loaded`);
    const score = version.scorer.score.bind(version.scorer);
    vi.spyOn(version.scorer, 'score').mockImplementation((...call) => {
      scored.push(version.ref.version);
      return score(...call);
    });
  }
  const { answer, call } = await predict(['same', 'next', 'next']);
  vi.restoreAllMocks();
  expect(scored).toEqual([1n, 2n]);
  expect(call.shadows.map(({ alias, version }) => [alias, version])).toEqual([['same', '1'], ['next', '2'], ['next', '2']]); // prettier-ignore
  expect(call.shadows[0]).toMatchObject({ digest: answer.digest, outputs: { y: { values: [7, 10] } } });
  expect(call.shadows[1]?.outputs).toEqual(call.shadows[2]?.outputs);
  expect(count('slipway_shadow_rows_total', of('same'))).toBe(2);
});

it('leaves out what cannot score, and counts it', async () => {
  const { answer, call } = await predict(['gone', 'greedy', 'next']);
  expect(answer.outputs[0]?.values?.numbers?.values).toEqual([7, 10]);
  expect(call.shadows.map(({ alias }) => alias)).toEqual(['next']);
  expect(count('slipway_shadow_failed_rows_total', { ...of('gone'), reason: 'MODEL_NOT_READY' })).toBe(2);
  expect(count('slipway_shadow_failed_rows_total', { ...of('greedy'), reason: 'FEATURE_MISSING' })).toBe(2);
  expect(count('slipway_shadow_dropped_rows_total', {})).toBeUndefined();
});

it('answers before a shadow has scored, and whatever becomes of it', async () => {
  const gate = Promise.withResolvers<void>();
  const version = harness.service.models.find({ workspace: 'default', model: 'm', alias: 'next' })?.current;
  if (!version) throw new Error('next is not loaded');
  vi.spyOn(version.scorer, 'score').mockImplementation(async () => {
    await gate.promise;
    throw new Error('out of memory');
  });
  const assignments = [await router.assign(shadowsOf('next'))];
  const answer = await harness.predictions.predict({ ...request, assignments, prediction_ids: ['s-1', 's-2'] });
  expect(answer.outputs[0]?.values?.numbers?.values).toEqual([7, 10]);
  expect(heard.some(({ prediction_ids }) => prediction_ids[0] === 's-1')).toBe(false);
  gate.resolve();
  await vi.waitFor(() => expect(heard.find(({ prediction_ids }) => prediction_ids[0] === 's-1')?.shadows).toEqual([]), {
    timeout: 5_000,
  });
  vi.restoreAllMocks();
  expect(count('slipway_shadow_failed_rows_total', { ...of('next'), reason: 'INTERNAL' })).toBe(2);
});

it('loses neither calls nor shadows under load, nor when the server stops at once', async () => {
  using own = temporaryDirectory();
  const other = await ServingHarness.start({ directory: own.path, routing: router });
  const logged = await hearPredictions(other.bus);
  other.publishKeyed('m', 1, sumModel(['x']), ['request:x']);
  other.publishKeyed('m', 2, productModel(['x', 'z']), ['request:x', 'request:x']);
  await other.moveAndSettle('m', 1);
  await other.moveAndSettle('m', 2, 'next');
  const assignments = [await router.assign(shadowsOf('next'))];
  const values = Array.from({ length: 100 }, (_, row) => row);
  await Promise.all(
    Array.from({ length: 80 }, () =>
      other.predictions.predict({ request_features: { x: { numbers: { values } } }, assignments }),
    ),
  );
  for (const component of other.service.components.toReversed()) {
    await component.drain?.(new AbortController().signal);
  }
  await vi.waitFor(() => expect(logged).toHaveLength(80), { timeout: 5_000 });
  const wrong = logged.filter(
    ({ shadows: [shadow] }) => shadow?.outputs['y']?.values.join() !== values.map((value) => value * value).join(),
  );
  expect(wrong).toEqual([]);
  expect(other.metrics.counts.get('slipway_shadow_dropped_rows_total{}')).toBeUndefined();
  expect(other.metrics.counts.get('slipway_prediction_log_dropped_total{}')).toBeUndefined();
  await other.stop();
});
