import type { PredictRequest } from '@slipway/contracts/slipway.serving.v1';
import { temporaryDirectory } from '@slipway/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { hearPredictions } from './testing/hear-predictions.ts';
import { ServingHarness } from './testing/serving-harness.ts';
import { sumModel } from './testing/sum-model.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;
beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  harness.publishKeyed('m', 1, sumModel(['f', 'x', 'g']), ['view:f', 'request:x', 'other:g']);
  await harness.moveAndSettle('m', 1);
});
beforeEach(() => {
  harness.features.calls.length = 0;
});
afterAll(async () => {
  await harness.stop();
  directory.remove();
});

const column = (values: readonly (number | undefined)[]) => ({
  nulls: values.map((value) => value === undefined),
  numbers: { values: values.map((value) => value ?? 0) },
});

it('answers the same to the bit, whether the features are fetched, given, or some of both', async () => {
  const value = fc.option(fc.double({ noDefaultInfinity: true, noNaN: true }), { nil: undefined });
  const row = fc.record({ f: value, x: fc.double({ noNaN: true }), g: value });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const stored = (name: 'f' | 'g') =>
        new Map(rows.map((each, at) => [`${at}`, { eventTime: 1n, values: each[name] === undefined ? {} : { [name]: each[name] } }])); // prettier-ignore
      harness.features.views.set('view', { joinKey: 'id', types: { f: 'numbers' }, rows: stored('f') });
      harness.features.views.set('other', { joinKey: 'id', types: { g: 'numbers' }, rows: stored('g') });
      const request_features = { x: { numbers: { values: rows.map(({ x }) => x) } } };
      const entities = { id: { strings: { values: rows.map((_, at) => `${at}`) } } };
      const [f, g] = [column(rows.map((each) => each.f)), column(rows.map((each) => each.g))];
      const requests: PredictRequest[] = [
        { entities },
        { features: { 'view:f': f, 'other:g': g } },
        { entities, features: { 'view:f': f } },
        { entities, features: { 'other:g': g } },
      ];
      harness.features.calls.length = 0;
      const answers = [];
      for (const request of requests) {
        answers.push(
          await harness.predictions.predict({ model: 'm', request_features, ...request, include_features: true }),
        );
      }
      const [first, ...others] = answers.map(({ outputs, features }) => ({ outputs, features }));
      for (const each of others) expect(each).toEqual(first);
      const fetched = harness.features.calls.map(({ request: { features } }) => features);
      expect(fetched).toEqual([['view:f', 'other:g'], ['other:g'], ['view:f']]);
    }),
    { numRuns: 40 },
  );
});

it('refuses features that the model does not take, and columns of another length', async () => {
  const request_features = { x: { numbers: { values: [1] } } };
  const predict = (features: Record<string, object>) =>
    harness.predictions.predict({ model: 'm', request_features, features });
  await expect(predict({ 'view:z': column([1]) })).rejects.toMatchObject({
    kind: 'invalid-argument',
    message: 'features[view:z]: the model does not take it; it takes view:f, other:g',
  });
  await expect(predict({ 'view:f': column([1, 2]) })).rejects.toMatchObject({
    message: expect.stringContaining('features[view:f]: has 2 values and request_features[x] has 1') as string,
  });
  await expect(predict({ 'view:f': { strings: { values: ['1'] } }, 'other:g': column([1]) })).rejects.toMatchObject({
    kind: 'invalid-argument',
    message: expect.stringContaining('features[view:f]: is a column of type string') as string,
  });
});

it('logs features of the share of calls that it is told, the same ones again', async () => {
  using own = temporaryDirectory();
  const other = await ServingHarness.start({ directory: own.path, config: { logFeatures: 0.5 } });
  const heard = await hearPredictions(other.bus);
  other.publishKeyed('m', 1, sumModel(['x']), ['request:x']);
  await other.moveAndSettle('m', 1);
  const predict = (id: number) =>
    other.predictions.predict({
      model: 'm',
      request_features: { x: { numbers: { values: [id] } } },
      prediction_ids: [`id-${id}`],
    });
  for (let round = 0; round < 2; round += 1) for (let id = 0; id < 60; id += 1) await predict(id);
  await vi.waitFor(() => expect(heard).toHaveLength(120), { timeout: 5_000 });
  await other.stop();
  const isLogged = heard.map(({ number_features }) => number_features['request:x'] !== undefined);
  expect(isLogged.slice(60)).toEqual(isLogged.slice(0, 60));
  const share = isLogged.filter(Boolean).length / isLogged.length;
  expect(share).toBeGreaterThan(0.25);
  expect(share).toBeLessThan(0.75);
  expect(heard.every(({ outputs }) => outputs['y'] !== undefined)).toBe(true);
});
