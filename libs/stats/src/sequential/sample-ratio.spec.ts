import { describe, expect, it } from 'vitest';
import { seededRandom } from '@slipway/kernel';
import { logGamma, upperGamma } from './gamma-function.ts';
import { sampleRatioChi2, sampleRatioEvidence } from './sample-ratio.ts';

describe('sample ratio, one look', () => {
  // Numbers of the tests of growthbook/growthbook, packages/back-end/test/stats.test.ts; the first is published with five digits.
  it.each([
    [[1000, 1200], [0.5, 0.5], 2.0079e-5],
    [[135, 115], [0.5, 0.5], 0.205903211],
    [[310, 98], [0.75, 0.25], 0.647434186],
    [[1000], [0.5, 0.5], 1],
    [[1000, 900, 800], [1, 0, 0], 1],
    [[1000, 1200, 900], [0.5, 0.5, 0], 2.0079e-5],
    [[0, 0, 0], [0.34, 0.33, 0.33], 1],
    [[0, 10, 10], [0.34, 0.33, 0.33], 0.005790624],
    [[500, 500, 600], [0.34, 0.33, 0.33], 0.000592638],
    [[500, 500], [0.5, 0.5], 1],
  ])('%j of %j', (counts, shares, expected) => {
    expect(Math.abs(sampleRatioChi2(counts, shares) - expected)).toBeLessThanOrEqual(1e-9);
  });
});

describe('sample ratio, at every look', () => {
  const look = (share: number, actual: number, units: number, seed: number): number => {
    const random = seededRandom(seed);
    const counts = [0, 0];
    let largest = Number.NEGATIVE_INFINITY;
    for (let unit = 1; unit <= units; unit += 1) {
      const arm = random.next() < actual ? 1 : 0;
      counts[arm] = (counts[arm] ?? 0) + 1;
      if (unit % 100 === 0) largest = Math.max(largest, sampleRatioEvidence(counts, [1 - share, share]));
    }
    return largest;
  };

  it('keeps its level over thousands of looks', () => {
    const alarms = Array.from({ length: 400 }, (_, seed) => look(0.3, 0.3, 5_000, seed + 1)).filter(
      (evidence) => evidence >= Math.log(20),
    );
    expect(alarms.length / 400).toBeLessThanOrEqual(0.05);
  });

  it('finds a loss of a tenth of one arm', () => {
    for (const seed of [1, 2, 3]) expect(look(0.5, 0.45 / 0.95, 40_000, seed)).toBeGreaterThan(Math.log(1_000));
  });

  it('is the likelihood ratio of one unit after the other', () => {
    // a prior of c p_i predicts the next unit in arm i with (c p_i + n_i) / (c + n)
    const shares = [0.75, 0.25];
    const logs = [100, 1_000, 10_000, 100_000].map((concentration) => {
      let sum = 0;
      const counts = [0, 0];
      for (const arm of [0, 1, 1, 0, 1, 1, 1]) {
        const share = shares[arm] ?? 0;
        const seen = counts[arm] ?? 0;
        sum += Math.log((concentration * share + seen) / (concentration + (counts[0] ?? 0) + (counts[1] ?? 0)) / share);
        counts[arm] = seen + 1;
      }
      return Math.exp(sum);
    });
    const expected = Math.log(logs.reduce((sum, each) => sum + each, 0) / logs.length);
    expect(sampleRatioEvidence([2, 5], shares)).toBeCloseTo(expected, 9);
  });

  it('has no doubt about units in an arm that has no share', () => {
    expect(sampleRatioEvidence([1, 5], [0, 1000])).toBe(Number.POSITIVE_INFINITY);
    expect(sampleRatioEvidence([0, 5], [0, 1000])).toBeCloseTo(0, 9);
    expect(sampleRatioEvidence([0, 0], [1, 1])).toBeCloseTo(0, 9);
  });

  it('works with very small shares', () => {
    expect(sampleRatioEvidence([999, 1], [999, 1])).toBeLessThan(0);
    expect(sampleRatioEvidence([1, 999], [999, 1])).toBeGreaterThan(1_000);
  });
});

describe('gamma function', () => {
  it('is the factorial, and the square root of pi at a half', () => {
    expect(logGamma(171)).toBeCloseTo(706.5730622457874, 9); // ln 170!
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12);
  });

  it('has the tails of the chi-square distribution', () => {
    // scipy.stats.chi2.sf(3.841458820694124, 1), (5.991464547107979, 2), (1, 3)
    expect(upperGamma(0.5, 3.841458820694124 / 2)).toBeCloseTo(0.05, 12);
    expect(upperGamma(1, 5.991464547107979 / 2)).toBeCloseTo(0.05, 12);
    expect(upperGamma(1.5, 0.5)).toBeCloseTo(0.8012519569012009, 12);
    expect(upperGamma(0.5, 0)).toBe(1);
  });
});
