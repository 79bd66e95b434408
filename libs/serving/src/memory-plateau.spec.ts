import { sized, temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { ServingHarness } from './testing/serving-harness.ts';

const SWAPS = sized({ small: 100, full: 2_000 });
const residentMiB = (): number => Math.round(process.memoryUsage.rss() / 1024 / 1024);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

// The runtime gives memory back late (ORT issue 25325), so one reading says nothing: the second half must not go on climbing.
it(`reaches a plateau of memory over ${SWAPS} swaps, with one version loaded and calls running`, async () => {
  using directory = temporaryDirectory();
  const harness = await ServingHarness.start({ directory: directory.path, config: { packageCacheBytesMax: 20_000 } });
  const readings: number[] = [residentMiB()];
  try {
    for (let version = 1; version <= SWAPS; version++) {
      harness.publish('m', version);
      await harness.moveAndSettle('m', version);
      const answers = await Promise.all(Array.from({ length: 20 }, () => harness.infer('m', [1, 2, 3])));
      expect(new Set(answers.map((answer) => answer.version))).toEqual(new Set([`${version}`]));
      if (version % (SWAPS / 20) === 0) readings.push(residentMiB());
    }
    expect(harness.service.models.versionCount).toBe(1);
  } finally {
    await harness.stop();
  }
  const quarters = [0, 1, 2, 3].map((quarter) => median(readings.slice(1 + quarter * 5, 6 + quarter * 5)));
  process.stdout.write(
    `resident MiB over ${SWAPS} swaps: ${readings.join(' ')}; medians by quarter ${quarters.join(' ')}\n`,
  );
  expect((quarters[3] ?? 0) - (quarters[1] ?? 0)).toBeLessThan(40);
}, 600_000);
