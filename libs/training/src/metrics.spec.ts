import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auc, logLoss, r2, rmse } from './metrics.ts';
import vector from './testing/metrics-vector.json' with { type: 'json' };

const labels = Float64Array.from(vector.labels);
const scores = Float64Array.from(vector.scores);

describe('metrics', () => {
  // the numbers are scikit-learn's, as the file says
  it('agree with scikit-learn, ties and certain predictions included', () => {
    expect(auc(labels, scores)).toBeCloseTo(vector.auc, 14);
    expect(logLoss(labels, scores)).toBeCloseTo(vector.log_loss, 12);
    const targets = Float64Array.from(vector.targets);
    const predictions = Float64Array.from(vector.predictions);
    expect(r2(targets, predictions)).toBeCloseTo(vector.r2, 12);
    expect(rmse(targets, predictions)).toBeCloseTo(vector.rmse, 12);
  });

  it('counts a tie of a positive and a negative as one half', () => {
    expect(auc([0, 1], [0.5, 0.5])).toBe(0.5);
    expect(auc([0, 1, 1], [0.5, 0.5, 0.9])).toBe(0.75);
    expect(auc([0, 1], [0.1, 0.9])).toBe(1);
    expect(auc([1, 0], [0.1, 0.9])).toBe(0);
  });

  it('has no area under the curve of one class', () => {
    expect(auc([1, 1], [0.1, 0.9])).toBeNaN();
  });

  it('is the share of pairs in the right order, for all scores', () => {
    const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 6 })), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rows, (pairs) => {
        const positives = pairs.filter(([label]) => label === 1).map(([, score]) => score);
        const negatives = pairs.filter(([label]) => label === 0).map(([, score]) => score);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let wins = 0;
        for (const up of positives) for (const down of negatives) wins += up > down ? 1 : up === down ? 0.5 : 0;
        const area = auc(pairs.map(([label]) => label), pairs.map(([, score]) => score)); // prettier-ignore
        expect(area).toBeCloseTo(wins / (positives.length * negatives.length), 12);
      }),
    );
  });

  it('sorts more rows than one piece', () => {
    const count = 50_000;
    const shuffled = Float64Array.from({ length: count }, (_, row) => (row * 7919) % count);
    const halves = shuffled.map((score) => (score >= count / 2 ? 1 : 0));
    expect(auc(halves, shuffled)).toBe(1);
    expect(auc(halves, shuffled.map((score) => -score))).toBe(0); // prettier-ignore
  });

  it('compares regressions with the mean', () => {
    expect(r2(Float64Array.of(1, 2, 3), Float64Array.of(2, 2, 2))).toBe(0);
    expect(r2(Float64Array.of(1, 2, 3), Float64Array.of(3, 2, 1))).toBe(-3);
    expect(r2(Float64Array.of(5, 5), Float64Array.of(5, 6))).toBe(0);
    expect(rmse(Float64Array.of(0, 0), Float64Array.of(3, 4))).toBeCloseTo(Math.sqrt(12.5), 15);
  });

  it('refuses no rows and unequal lengths', () => {
    expect(() => logLoss([], [])).toThrow('labels: 0 labels for 0 predictions');
    expect(() => auc([1, 0], [1])).toThrow('labels: 2 labels for 1 predictions');
  });
});
