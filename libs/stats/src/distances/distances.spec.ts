import { seededRandom } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binnedKolmogorovSmirnov } from './binned-kolmogorov-smirnov.ts';
import { chiSquareFit, chiSquareHomogeneity } from './chi-square.ts';
import { hellingerDistance, jensenShannonDistance, largestShareDifference } from './divergences.ts';
import { wassersteinDistance } from './empirical.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { plainPopulationStability, populationStability } from './population-stability.ts';
import { twoProportions } from './two-proportions.ts';

/** All ways to choose which of n + m places are of the first sample. */
function* choices(places: number, take: number, from = 0): Generator<number[], void> {
  if (take === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= places - take; first += 1)
    for (const rest of choices(places, take - 1, first + 1)) yield [first, ...rest];
}
/** The largest gap of two empirical distribution functions, from their definition. */
const gapOf = (left: readonly number[], right: readonly number[]): number => Math.max(...[...left, ...right].map((x) => Math.abs(left.filter((value) => value <= x).length / left.length - right.filter((value) => value <= x).length / right.length))); // prettier-ignore

describe('two samples of raw values', () => {
  it('have the exact Kolmogorov-Smirnov chance that counting all orders gives', () => {
    for (const [m, n] of [[3, 4], [5, 5], [2, 7], [6, 4]] as const) {
      const gaps = [...choices(m + n, m)].map((left) => gapOf(left, Array.from({ length: m + n }, (_, at) => at).filter((at) => !left.includes(at))));
      for (const left of choices(m + n, m)) {
        const right = Array.from({ length: m + n }, (_, at) => at).filter((at) => !left.includes(at));
        const { statistic, pValue } = kolmogorovSmirnov(Float64Array.from(left), Float64Array.from(right));
        expect(statistic).toBeCloseTo(gapOf(left, right), 12);
        expect(pValue).toBeCloseTo(gaps.filter((gap) => gap >= statistic - 1e-9).length / gaps.length, 10);
      }
    }
  }); // prettier-ignore

  it('have p-values of a large sample near those of a larger one', () => {
    const random = seededRandom(3);
    const draw = (count: number, shift: number) => Float64Array.from({ length: count }, () => random.next() + shift);
    const exact = kolmogorovSmirnov(draw(3000, 0), draw(3000, 0.03));
    const asymptotic = kolmogorovSmirnov(draw(4000, 0), draw(3000, 0.03));
    expect(exact.pValue).toBeLessThan(0.05);
    expect(asymptotic.pValue).toBeLessThan(0.05);
    expect(kolmogorovSmirnov(draw(4000, 0), draw(4000, 0)).pValue).toBeGreaterThan(0.05);
  });

  it('of equal size are as far apart as their sorted values', () => {
    const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, values, (left, right) => {
        const size = Math.min(left.length, right.length);
        const [a, b] = [left.slice(0, size), right.slice(0, size)];
        const [x, y] = [a.toSorted((p, q) => p - q), b.toSorted((p, q) => p - q)];
        const expected = x.reduce((sum, value, at) => sum + Math.abs(value - (y[at] ?? 0)), 0) / size;
        expect(wassersteinDistance({ values: a }, { values: b })).toBeCloseTo(expected, 9);
      }),
    );
  });
});

describe('two histograms', () => {
  const counts = fc.array(fc.nat(30), { minLength: 2, maxLength: 8 });
  const pair = fc
    .tuple(counts, counts)
    .map(([left, right]) => [left, left.map((_, bin) => right[bin] ?? 0)] as const)
    .filter(([left, right]) => left.some((count) => count > 0) && right.some((count) => count > 0));

  it('are as far from each other one way as the other, and not from themselves', () => {
    fc.assert(
      fc.property(pair, ([left, right]) => {
        for (const distance of [hellingerDistance, jensenShannonDistance, largestShareDifference, populationStability, binnedKolmogorovSmirnov]) {
          expect(distance(left, right)).toBeCloseTo(distance(right, left), 9);
        }
        for (const distance of [hellingerDistance, jensenShannonDistance, largestShareDifference, binnedKolmogorovSmirnov]) {
          expect(distance(left, left)).toBeCloseTo(0, 7);
          expect(distance(left, right)).toBeLessThanOrEqual(1 + 1e-12);
        }
        expect(populationStability(left, left)).toBeLessThanOrEqual(0);
        expect(binnedKolmogorovSmirnov(left, right)).toBeGreaterThanOrEqual(largestShareDifference(left, right) / 2 - 1e-12);
        // bins that are empty on both sides are none
        expect(populationStability([...left, 0], [...right, 0])).toBe(populationStability(left, right));
      }),
    ); // prettier-ignore
  });

  it('of one population have a stability around 0 whatever their sizes, and near the plain one when they are large', () => {
    const random = seededRandom(9);
    const draw = (rows: number, tilt = 0): number[] => {
      const bins = Array.from({ length: 10 }, () => 0);
      for (let row = 0; row < rows; row += 1) {
        const bin = Math.floor(10 * random.next() ** (1 + tilt));
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      return bins;
    };
    for (const rows of [100, 1000, 10_000]) {
      const values = Array.from({ length: 60 }, () => populationStability(draw(10_000), draw(rows)));
      const plain = Array.from({ length: 60 }, () => plainPopulationStability(draw(10_000), draw(rows)));
      const chance = 9 * (1 / rows + 1 / 10_000);
      const mean = (all: number[]) => all.reduce((sum, value) => sum + value, 0) / all.length;
      expect(Math.abs(mean(values))).toBeLessThan(0.25 * chance);
      expect(mean(plain)).toBeGreaterThan(0.75 * chance);
    }
    const [before, now] = [draw(1_000_000), draw(1_000_000, 0.3)];
    expect(populationStability(before, now)).toBeCloseTo(plainPopulationStability(before, now), 3);
    expect(populationStability([1, 2], [0, 0])).toBeNaN();
    expect(binnedKolmogorovSmirnov([0, 0], [1, 2])).toBeNaN();
  });

  it('with two bins have a chi-square that is the square of z', () => {
    const z = twoProportions({ rows: 500, successes: 370 }, { rows: 600, successes: 400 });
    const chi = chiSquareHomogeneity([370, 130], [400, 200]);
    expect(chi.statistic).toBeCloseTo(z.statistic ** 2, 9);
    expect(chi.pValue).toBeCloseTo(z.pValue, 10);
    expect(twoProportions({ rows: 5, successes: 5 }, { rows: 6, successes: 6 })).toEqual({ statistic: 0, pValue: 1 });
    expect(chiSquareFit([3, 0], [0, 1])).toEqual({ statistic: Infinity, pValue: 0 });
    expect(chiSquareFit([0, 0], [1, 1])).toEqual({ statistic: 0, pValue: 1 });
    expect(chiSquareHomogeneity([5, 0], [3, 0])).toEqual({ statistic: 0, pValue: 1 });
  });
});

it('a bin that is empty on one side makes the stability large and not infinite', () => {
  for (const [before, now] of [
    [
      [500, 500, 0],
      [400, 400, 200],
    ],
    [
      [400, 400, 200],
      [500, 500, 0],
    ],
  ] as const) {
    const stability = populationStability(before, now);
    expect(stability).toBeGreaterThan(0.5);
    expect(stability).toBeLessThan(10);
  }
});
