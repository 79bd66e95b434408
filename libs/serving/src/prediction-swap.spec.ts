import type { GetOnlineFeaturesRequest } from '@slipway/contracts/slipway.features.v1';
import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { sumModel } from './testing/sum-model.ts';
import { ServingHarness } from './testing/serving-harness.ts';

const CALLS = 3_000;
const SWAPS = 30;

/** Version 1 takes `one`; version 2 takes `three` and `two`. */
const GRAPHS = [
  { features: ['view:one'], graph: sumModel(['a']), answer: (key: number) => key + 1_000 },
  { features: ['view:three', 'view:two'], graph: sumModel(['c', 'b']), answer: (key: number) => 2 * key + 5_000 },
] as const;

it(`answers ${CALLS} predictions by key over ${SWAPS} swaps between two lists of features, none failed, each by one version alone`, async () => {
  using directory = temporaryDirectory();
  const harness = await ServingHarness.start({ directory: directory.path });
  for (let version = 1; version <= SWAPS + 1; version += 1) {
    const { graph, features } = GRAPHS[version % 2] ?? GRAPHS[0];
    harness.publishKeyed('m', version, graph, features);
  }
  await harness.moveAndSettle('m', 1);
  harness.features.views.set('view', {
    joinKey: 'id',
    types: { one: 'numbers', two: 'numbers', three: 'numbers' },
    rows: new Map(
      Array.from({ length: 50 }, (_, key) => [
        `${key}`,
        { eventTime: 1n, values: { one: key + 1_000, two: key + 2_000, three: key + 3_000 } },
      ]),
    ),
  });
  // the store takes a moment, so that the alias moves between the features and the graph of many calls
  harness.features.delay = () => new Promise((resolve) => setImmediate(resolve));

  const failures: unknown[] = [];
  const versions = new Set<string>();
  const digests = new Map<string, Set<string>>();
  const progress = { made: 0, swapped: 0 };
  const call = async (): Promise<void> => {
    while (progress.made < CALLS || progress.swapped < SWAPS) {
      const key = progress.made++ % 50;
      try {
        const answer = await harness.predictions.predict({
          model: 'm',
          entities: { id: { integers: { values: [`${key}`] } } },
        });
        const { features, answer: expected } = GRAPHS[Number(answer.version) % 2] ?? GRAPHS[0];
        const y = answer.outputs[0]?.values?.numbers?.values[0];
        const used = answer.features.map(({ feature }) => feature);
        versions.add(answer.version);
        digests.set(answer.version, (digests.get(answer.version) ?? new Set()).add(answer.digest));
        if (y !== expected(key) || used.join() !== features.join())
          failures.push({ key, y, used, version: answer.version });
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const swap = async (): Promise<void> => {
    for (; progress.swapped < SWAPS; progress.swapped += 1) {
      const enough = progress.made + CALLS / SWAPS;
      await harness.moveAndSettle('m', progress.swapped + 2);
      while (progress.made < enough) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([swap(), ...Array.from({ length: 32 }, call)]);
  await harness.stop();

  expect(failures).toEqual([]);
  expect(versions.size).toBe(SWAPS + 1);
  expect([...digests.values()].map((each) => each.size)).toEqual(Array<number>(SWAPS + 1).fill(1));
  // no call asked for the features of the other version, or for those of both
  const asked = new Set(
    harness.features.calls.map(({ request }: { request: GetOnlineFeaturesRequest }) => request.features?.join()),
  );
  expect(asked).toEqual(new Set(GRAPHS.map(({ features }) => features.join())));
}, 120_000);
