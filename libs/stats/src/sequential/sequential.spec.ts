import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@slipway/kernel';
import { shiftBounds, type Evidence } from './shift-bounds.ts';
import { signFlipEvidence } from './sign-flip.ts';
import { tEvidence } from './t-evidence.ts';

const EXPERIMENTS = 2_000;
const ALPHA = 0.05;

type Draw = (random: ReturnType<typeof seededRandom>) => number;
const uniform: Draw = (random) => 1 - random.next();
const normal: Draw = (random) => Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * random.next());
const studentT3: Draw = (random) => {
  const squares = normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2;
  return normal(random) / Math.sqrt(squares / 3);
};
const centredExponential: Draw = (random) => -Math.log(uniform(random)) - 1;
/** Quiet and wild days. */
const changing: Draw = (random) => normal(random) * Math.exp(1.5 * normal(random));

/** Share of experiments without a difference in which the evidence reaches 1 / alpha at any of the daily looks. */
function falseAlarms(evidence: Evidence, draw: Draw, days: number, seed: number): number {
  const random = seededRandom(seed);
  let alarms = 0;
  for (let experiment = 0; experiment < EXPERIMENTS; experiment += 1) {
    const path = evidence(Array.from({ length: days }, () => draw(random)));
    if (Math.max(...path) >= 1 / ALPHA) alarms += 1;
  }
  return alarms / EXPERIMENTS;
}

describe.each([14, 60])('evidence looked at on each of %i days without a difference', (days) => {
  it.each([
    ['normal', normal],
    ['heavy tails', studentT3],
    ['changing variance', changing],
  ] as const)('sign-flip keeps alpha: %s', (_, draw) => {
    expect(falseAlarms(signFlipEvidence, draw, days, 7)).toBeLessThanOrEqual(ALPHA);
  });

  // Skewed samples with mean 0 are no case of "no unit is affected": a swap of the arms would make d of -d. They show what the test is not for.
  it('sign-flip does not keep alpha for skewed samples, which equal shares cannot make', () => {
    expect(falseAlarms(signFlipEvidence, centredExponential, days, 7)).toBeGreaterThan(ALPHA);
  });

  it('sign-flip keeps alpha when the skewed losses are those of both arms', () => {
    const difference: Draw = (random) => centredExponential(random) - centredExponential(random);
    expect(falseAlarms(signFlipEvidence, difference, days, 7)).toBeLessThanOrEqual(ALPHA);
  });

  it.each([
    ['normal', normal],
    ['heavy tails', studentT3],
  ] as const)('t keeps alpha: %s', (_, draw) => {
    expect(falseAlarms(tEvidence, draw, days, 11)).toBeLessThanOrEqual(ALPHA);
  });
});

describe('evidence', () => {
  it.each([
    ['sign-flip', signFlipEvidence],
    ['t', tEvidence],
  ] as const)('%s: depends neither on the unit nor on which arm is which', (_, evidence) => {
    const differences = fc.array(fc.integer({ min: -9999, max: 9999 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(differences, (values) => {
        const plain = evidence(values);
        for (const other of [evidence(values.map((each) => -each)), evidence(values.map((each) => each * 1024))]) {
          for (const [day, each] of plain.entries()) expect(other[day]).toBeCloseTo(each, 6);
        }
      }),
    );
  });

  it('sign-flip: averages to 1 over all signs, on each day', () => {
    const magnitudes = fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(magnitudes, (values) => {
        const all = Array.from({ length: 2 ** values.length }, (_, signs) =>
          signFlipEvidence(values.map((each, day) => (signs & (1 << day) ? each : -each))),
        );
        for (const day of values.keys()) {
          expect(all.reduce((sum, path) => sum + (path[day] ?? 0), 0) / all.length).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  it('sign-flip: cannot decide before the sixth day, and decides then when all days agree', () => {
    const path = signFlipEvidence([1, 1, 1, 1, 1, 1]);
    expect(path[4]).toBeLessThan(1 / ALPHA);
    expect(path[5]).toBeGreaterThanOrEqual(1 / ALPHA);
    expect(signFlipEvidence([0, 0, 0])).toEqual([1, 1, 1]);
  });

  it('t: is the formula in t', () => {
    // mean 2, variance 1, n 3: t = 2 sqrt(3), t² / v = 6, 1 + n g = 4
    expect(tEvidence([1, 2, 3])[2]).toBeCloseTo(4 ** -0.5 * (7 / 2.5) ** 1.5, 12);
    expect(tEvidence([5])[0]).toBe(1);
    expect(tEvidence([0, 0])).toEqual([1, 3 ** -0.5]);
    expect(tEvidence([5e-324, 0])[1]).toBe(3 ** -0.5); // squares of numbers so small are 0
    expect(tEvidence([2, 2])[1]).toBeCloseTo(3 ** 0.5, 12);
  });
});

describe('bounds that hold at every look', () => {
  const withMean = (mean: number, random: ReturnType<typeof seededRandom>, days: number): number[] =>
    Array.from({ length: days }, () => mean + normal(random));

  it.each([
    ['sign-flip', signFlipEvidence],
    ['t', tEvidence],
  ] as const)('%s: miss a steady difference at most as often as they may', (_, evidence) => {
    const random = seededRandom(3);
    let missed = 0;
    for (let experiment = 0; experiment < 300; experiment += 1) {
      const { lower, upper } = shiftBounds(evidence, withMean(0.7, random, 14), 0.2);
      if (lower > 0.7 || upper < 0.7) missed += 1;
    }
    expect(missed / 300).toBeLessThanOrEqual(0.2);
    expect(missed).toBeGreaterThan(0);
  });

  it.each([
    ['sign-flip', signFlipEvidence],
    ['t', tEvidence],
  ] as const)('%s: leave out what the test refuses', (_, evidence) => {
    const values = fc.uniqueArray(fc.integer({ min: -1000, max: 3000 }), { minLength: 8, maxLength: 20 });
    fc.assert(
      fc.property(values, (differences) => {
        const { lower, upper } = shiftBounds(evidence, differences, ALPHA);
        expect(lower).toBeLessThanOrEqual(upper);
        const today = (shift: number) => evidence(differences.map((each) => each - shift)).at(-1) ?? 1;
        if (lower > 0 || upper < 0) expect(today(0)).toBeGreaterThanOrEqual(1 / ALPHA);
        for (const outside of [lower, lower - 1e5, upper, upper + 1e5]) {
          expect(today(outside)).toBeGreaterThanOrEqual(1 / ALPHA);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are infinite while there is too little', () => {
    const none = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
    expect(shiftBounds(signFlipEvidence, [], ALPHA)).toEqual(none);
    expect(shiftBounds(signFlipEvidence, [1, 2, 3], ALPHA)).toEqual(none);
    expect(shiftBounds(tEvidence, [1], ALPHA)).toEqual(none);
    const { lower, upper } = shiftBounds(tEvidence, [1, 1.1, 0.9, 1, 1.05, 0.95], ALPHA);
    expect([lower > 0.5, upper < 1.5]).toEqual([true, true]);
  });
});
