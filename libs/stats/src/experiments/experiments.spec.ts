import { seededRandom } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../distributions/normal.ts';
import { effectBelief, effectRisk } from './bayes.ts';
import { confidenceSequence } from './confidence-sequence.ts';
import { adjustedSample, cupedTest, cupedTheta, type AdjustedSums } from './cuped.ts';
import { effectOf } from './lift.ts';
import { benjaminiHochberg, holm } from './multiple-testing.ts';
import { minimumDetectableLift, powerOf } from './power.ts';
import { meanSample, ratioSample, shareSample, type MetricSums } from './sample.ts';
import { welchTest } from './welch.ts';

const random = seededRandom(42);
const normal = (): number => normalQuantile(random.next() || 0.5);
const drawn = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const products = (left: readonly number[], right: readonly number[]): number => total(left.map((value, row) => value * (right[row] ?? 0))); // prettier-ignore
const sumsOf = (values: readonly number[]): MetricSums => ({ units: values.length, sum: total(values), sumSquares: products(values, values) }); // prettier-ignore
/** With two passes over the raw values. */
function rawSample(values: readonly number[]): { mean: number; variance: number } {
  const mean = total(values) / values.length;
  return { mean, variance: total(values.map((value) => (value - mean) ** 2)) / (values.length - 1) };
}

describe('samples', () => {
  it('are what the raw values give', () => {
    const values = drawn(500, () => 3 + normal());
    const { mean, variance } = rawSample(values);
    expect(meanSample(sumsOf(values))).toEqual({ units: 500, mean: expect.closeTo(mean, 10), variance: expect.closeTo(variance, 10) }); // prettier-ignore
    expect(shareSample(10, 3)).toEqual({ units: 10, mean: 0.3, variance: expect.closeTo(0.21, 12) });
  });

  it('of ratios have the variance of the linearized ratio', () => {
    const flights = drawn(400, () => 50 + Math.floor(random.next() * 100));
    const late = flights.map((count) => Math.floor(count * (0.1 + random.next() * 0.2)));
    const sample = ratioSample({ numerator: sumsOf(late), denominator: sumsOf(flights), sumProducts: products(late, flights) }); // prettier-ignore
    const ratio = total(late) / total(flights);
    const mean = total(flights) / flights.length;
    const linear = rawSample(late.map((count, row) => (count - ratio * (flights[row] ?? 0)) / mean));
    expect(sample.mean).toBeCloseTo(ratio, 12);
    expect(sample.variance).toBeCloseTo(linear.variance, 10);
  });
});

describe('CUPED', () => {
  const arm = (post: readonly number[], pre: readonly number[]): AdjustedSums => ({ post: sumsOf(post), pre: sumsOf(pre), sumProducts: products(post, pre) }); // prettier-ignore
  const pre = [drawn(800, normal), drawn(900, normal)] as const;
  const post = [pre[0].map((x) => 5 + 2 * x + normal()), pre[1].map((x) => 5.2 + 2 * x + normal())] as const;
  const [control, treatment] = [arm(post[0], pre[0]), arm(post[1], pre[1])];

  it('tests what is left of the raw values without the covariate', () => {
    const theta = cupedTheta(control, treatment);
    expect(theta).toBeCloseTo(2, 1);
    const left = [0, 1].map((side) => rawSample((post[side] ?? []).map((y, row) => y - theta * (pre[side]?.[row] ?? 0)))); // prettier-ignore
    expect(adjustedSample(control, theta).variance).toBeCloseTo(left[0]?.variance ?? 0, 9);
    const found = cupedTest(control, treatment, { difference: 'absolute', alpha: 0.05 });
    expect(found?.effect).toBeCloseTo((left[1]?.mean ?? 0) - (left[0]?.mean ?? 0), 9);
    expect(found?.standardError).toBeCloseTo(Math.sqrt((left[0]?.variance ?? 0) / 800 + (left[1]?.variance ?? 0) / 900), 9); // prettier-ignore
    const plain = welchTest(meanSample(control.post), meanSample(treatment.post), { difference: 'absolute', alpha: 0.05 }); // prettier-ignore
    expect(found?.standardError).toBeLessThan((plain?.standardError ?? 0) / 2);
  });

  it('says of a metric with the other sign the same with the other sign', () => {
    const flipped = [0, 1].map((side) => arm((post[side] ?? []).map((y) => -y), pre[side] ?? [])); // prettier-ignore
    const [before, after] = flipped;
    if (!before || !after) throw new Error('no arms');
    const there = cupedTest(control, treatment, { difference: 'relative', alpha: 0.05 });
    const back = cupedTest(before, after, { difference: 'relative', alpha: 0.05 });
    expect(back?.effect).toBeCloseTo(-(there?.effect ?? 0), 10);
    expect(back?.standardError).toBeCloseTo(there?.standardError ?? 0, 10);
  });

  it('is Welch without a covariate that varies', () => {
    const flat = (side: 0 | 1): AdjustedSums => arm(post[side], post[side].map(() => 1)); // prettier-ignore
    const options = { difference: 'relative', alpha: 0.1 } as const;
    const { theta, ...found } = cupedTest(flat(0), flat(1), options) ?? { theta: Number.NaN };
    expect(theta).toBe(0);
    const plain = welchTest(meanSample(control.post), meanSample(treatment.post), options);
    for (const [name, value] of Object.entries(plain ?? {})) expect(found).toHaveProperty(name, expect.closeTo(value, 9)); // prettier-ignore
  });
});

describe('tests of an effect', () => {
  it('have no answer where nothing varies or a baseline is 0', () => {
    const still = { units: 10, mean: 1, variance: 0 };
    expect(welchTest(still, still, { difference: 'absolute', alpha: 0.05 })).toBeUndefined();
    const zero = { units: 10, mean: 0, variance: 1 };
    expect(effectOf(zero, zero, 'relative')).toBeUndefined();
    expect(confidenceSequence(zero, zero, { difference: 'relative', alpha: 0.05 })).toBeUndefined();
    expect(effectOf(zero, zero, 'absolute')?.effect).toBe(0);
  });

  it('raise false alarms within alpha: Welch at the end, the sequence at all looks together', () => {
    const runs = 400;
    let atEnd = 0;
    let ever = 0;
    let everWelch = 0;
    for (let run = 0; run < runs; run += 1) {
      const arms = [drawn(2000, () => random.next()), drawn(2000, () => random.next())] as const;
      let [hit, hitWelch] = [false, false];
      for (let units = 100; units <= 2000; units += 100) {
        const [a, b] = arms.map((arm) => meanSample(sumsOf(arm.slice(0, units))));
        if (!a || !b) throw new Error('no arms');
        const options = { difference: 'absolute', alpha: 0.1 } as const;
        const sequence = confidenceSequence(a, b, { ...options, tuning: 1000 });
        const welch = welchTest(a, b, options);
        hit ||= (sequence?.lower ?? 0) > 0 || (sequence?.upper ?? 0) < 0;
        hitWelch ||= (welch?.pValue ?? 1) < 0.1;
        if (units === 2000 && (welch?.pValue ?? 1) < 0.1) atEnd += 1;
      }
      ever += hit ? 1 : 0;
      everWelch += hitWelch ? 1 : 0;
    }
    // three binomial standard errors around 10 %
    expect(Math.abs(atEnd / runs - 0.1)).toBeLessThan(3 * Math.sqrt(0.09 / runs));
    expect(ever / runs).toBeLessThan(0.1);
    expect(everWelch / runs).toBeGreaterThan(0.2); // what looking repeatedly does to a test for the end
  });

  it('have the interval exclude 0 when the p-value is below alpha', () => {
    for (const effect of [0.05, 0.1, 0.15, 0.2, 0.3]) {
      const control = { units: 500, mean: 1, variance: 1 };
      const treatment = { units: 500, mean: 1 + effect, variance: 1 };
      for (const alternative of ['different', 'greater'] as const) {
        for (const test of [welchTest, confidenceSequence]) {
          const found = test(control, treatment, { difference: 'absolute', alpha: 0.05, alternative });
          expect((found?.lower ?? 0) > 0, `${test.name} ${alternative} ${effect}`).toBe((found?.pValue ?? 1) < 0.05);
        }
      }
    }
  });
});

describe('belief, adjustment, power', () => {
  it('has risks that differ by the mean, and none where it is sure', () => {
    for (const [mean, deviation] of [[0.1, 0.05], [-0.2, 0.3], [0, 1], [5, 1e-9], [-5, 1e-9]] as const) {
      const { ofControl, ofTreatment } = effectRisk(mean, deviation);
      expect(ofControl - ofTreatment).toBeCloseTo(mean, 12);
      expect(Math.min(ofControl, ofTreatment)).toBeGreaterThanOrEqual(0);
    } // prettier-ignore
    const found = { effect: 0.2, standardError: 0.1 };
    expect(effectBelief(found, 0.05, { mean: 0, variance: 0.01 })).toMatchObject({ mean: expect.closeTo(0.1, 12), standardDeviation: expect.closeTo(Math.sqrt(0.005), 12) }); // prettier-ignore
  });

  it('adjusts p-values in any order alike', () => {
    const pValues = drawn(20, () => random.next() ** 3);
    const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] ?? 0) - (pValues[b] ?? 0));
    for (const adjust of [holm, benjaminiHochberg]) {
      const adjusted = adjust(pValues);
      expect(order.map((index) => adjusted[index])).toEqual(adjust(order.map((index) => pValues[index] ?? 0)));
      for (const [index, value] of adjusted.entries()) expect(value).toBeGreaterThanOrEqual(pValues[index] ?? 0);
    }
    expect(holm([])).toEqual([]);
  });

  it('finds the least lift by inverting the power, where there is one', () => {
    const plan = { mean: 0.2, variance: 0.16, units: 20_000, arms: 2, alpha: 0.05 };
    for (const tuning of [undefined, 5000]) {
      const with_ = { ...plan, ...(tuning !== undefined && { tuning }) };
      const lift = minimumDetectableLift(with_, 0.8) ?? Number.NaN;
      expect(powerOf(with_, lift)).toBeCloseTo(0.8, 6);
    }
    expect(powerOf(plan, 0)).toBeCloseTo(0.05, 10);
    expect(minimumDetectableLift({ ...plan, units: 4 }, 0.9)).toBeUndefined();
  });
});
