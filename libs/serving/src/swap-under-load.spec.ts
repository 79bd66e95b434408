import { temporaryDirectory } from '@slipway/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { ServingHarness } from './testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness | undefined;
afterEach(async () => {
  await harness?.stop();
  directory.remove();
});

const CALLS = 5_000;
const SWAPS = 50;

describe('swapping under load', () => {
  it(`answers ${CALLS} calls over ${SWAPS} swaps, none failed, each by the version it names`, async () => {
    const started = (harness = await ServingHarness.start({ directory: directory.path }));
    for (let version = 1; version <= SWAPS + 1; version++) started.publish('m', version);
    await started.moveAndSettle('m', 1);

    const failures: unknown[] = [];
    const answeredBy = new Map<string, number>();
    const progress = { made: 0, swapped: 0 };
    const call = async (): Promise<void> => {
      while (progress.made < CALLS || progress.swapped < SWAPS) {
        const x = progress.made++ % 1_000;
        try {
          const { version, y } = await started.infer('m', [x, x + 1]);
          answeredBy.set(version, (answeredBy.get(version) ?? 0) + 1);
          if (y[0] !== x + Number(version) || y[1] !== x + 1 + Number(version)) failures.push({ x, version, y });
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const swap = async (): Promise<void> => {
      for (; progress.swapped < SWAPS; progress.swapped++) {
        const enough = progress.made + CALLS / SWAPS;
        await started.moveAndSettle('m', progress.swapped + 2);
        // some calls on each version, so that every swap happens between calls that run
        while (progress.made < enough) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([swap(), ...Array.from({ length: 32 }, call)]);

    expect(failures).toEqual([]);
    expect([...answeredBy.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(CALLS);
    expect(answeredBy.size).toBe(SWAPS + 1);
    expect((await started.infer('m', [0])).version).toBe(`${SWAPS + 1}`);
    expect(started.service.models.versionCount).toBe(1);
    const facts = await started.facts();
    expect(facts.map(({ data }) => data['version'])).toEqual(Array.from({ length: SWAPS + 1 }, (_, i) => `${i + 1}`));
  }, 120_000);
});
