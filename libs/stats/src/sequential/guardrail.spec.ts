import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@slipway/kernel';
import { guardrailDelayMax, guardrailEvidence } from './guardrail.ts';

const stopDay = (worsening: readonly number[], tolerance: number, falseAlarmDays: number): number =>
  guardrailEvidence(worsening, tolerance).findIndex((each) => each >= falseAlarmDays) + 1;

describe('guardrail', () => {
  it('is the recursion', () => {
    const [first = 0, second = 0, third = 0] = guardrailEvidence([0.5, -10, 8], 2);
    expect(first).toBeCloseTo(Math.exp(0.25 - 0.5), 12);
    expect(second).toBeCloseTo(Math.exp(-3 - 0.5), 12);
    expect(third).toBeCloseTo(Math.exp(3 - 0.5), 12);
  });

  it('stops what is worse within the promised days, whatever came before', () => {
    const history = fc.array(fc.double({ min: -5, max: 0.4, noNaN: true }), { maxLength: 60 });
    const excess = fc.double({ min: 0.6, max: 6, noNaN: true });
    const noise = fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 60, maxLength: 60 });
    const threshold = fc.constantFrom(10, 90, 365);
    fc.assert(
      fc.property(history, excess, noise, threshold, (before, k, extra, falseAlarmDays) => {
        const after = extra.map((each) => k + each);
        const stopped = stopDay([...before, ...after], 1, falseAlarmDays);
        expect(stopped).toBeGreaterThan(0);
        expect(stopped - before.length).toBeLessThanOrEqual(guardrailDelayMax(falseAlarmDays, k));
      }),
    );
  });

  it('needs the promised days when nothing helps', () => {
    for (const k of [0.75, 1, 2, 3, 5]) {
      const days = guardrailDelayMax(90, k);
      expect(
        stopDay(
          Array.from({ length: 60 }, () => k),
          1,
          90,
        ),
      ).toBe(days);
    }
    expect(guardrailDelayMax(90, 0.5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives no false alarm before the promised days, on average', () => {
    const random = seededRandom(5);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let days = 0;
    const runs = 400;
    for (let run = 0; run < runs; run += 1) {
      const stopped = stopDay(Array.from({ length: 3_000 }, normal), 1, 90);
      days += stopped === 0 ? 3_000 : stopped;
    }
    expect(days / runs).toBeGreaterThanOrEqual(90);
  });
});
