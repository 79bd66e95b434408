import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardrailDelayMax } from '@slipway/stats';
import { sampleDay, sampleExperiment } from '../../testing/sample-experiment.ts';
import { applyVerdict } from '../apply-verdict.ts';
import type { RoutingExperiment } from '../routing-experiment.ts';
import { describeJudgement, judge } from './analysis.ts';
import { chooseDays, sharedDifference, type DaySums } from './day-sums.ts';
import { dayEnd } from './day.ts';
import { sampleRatioP } from './sample-ratio.ts';

const arm = (loss: number, rows = 1000, labelledRows = rows, reference = 0) => ({
  rows,
  labelledRows,
  lossSum: loss * labelledRows,
  referenceSum: reference * labelledRows,
});
const dayOf = (day: number, difference: number): DaySums => ({
  day: sampleDay(day),
  control: arm(0.4),
  treatment: arm(0.4 + difference),
});
const daysOf = (differences: readonly number[]): readonly DaySums[] =>
  differences.map((difference, index) => dayOf(index + 1, difference));

describe('days of an experiment', () => {
  it('are used in order until one waits for outcomes', () => {
    const waits = { ...dayOf(2, 0), treatment: arm(0.4, 100, 89) };
    const { complete, open } = chooseDays([dayOf(3, 0), waits, dayOf(1, 0)], 0.9);
    expect([complete, open].map((days) => days.map(({ day }) => day))).toEqual([
      [sampleDay(1)],
      [sampleDay(2), sampleDay(3)],
    ]);
    expect(chooseDays([waits], 0.89).complete).toHaveLength(1);
  });

  it('differ by what is left once the day itself is taken out', () => {
    const day = { day: sampleDay(1), control: arm(0.5, 10, 10, 0.4), treatment: arm(0.9, 20, 20, 0.7) };
    expect(sharedDifference(day)).toBeCloseTo(0.1, 12);
  });
});

describe('an A/B test', () => {
  it('waits for its first days, however clear they are', () => {
    const experiment = sampleExperiment({ policy: { alpha: 0.2, daysMin: 7 } });
    const days = daysOf([-0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1]);
    expect(judge(experiment, days.slice(0, 6), 1)).toMatchObject({ verdict: 'continue', winner: '' });
    expect(judge(experiment, days, 1)).toMatchObject({ verdict: 'decide', winner: 'treatment' });
    expect(judge(experiment, days, 1).days).toHaveLength(7);
  });

  it('finds with one late look what daily looks would have found', () => {
    const differences = fc.array(fc.double({ min: -1, max: 0.6, noNaN: true }), { minLength: 1, maxLength: 20 });
    const experiment = sampleExperiment({ policy: { daysMax: 15 } });
    fc.assert(
      fc.property(differences, (values) => {
        const late = judge(experiment, daysOf(values), 1);
        const daily = values.map((_, day) => judge(experiment, daysOf(values.slice(0, day + 1)), 1));
        const first = daily.find(({ verdict }) => verdict !== 'continue') ?? daily.at(-1);
        expect(late).toEqual(first);
      }),
    );
  });

  it('has bounds on the side of its decision', () => {
    const experiment = sampleExperiment();
    const judgement = judge(experiment, daysOf([-0.1, -0.2, -0.1, -0.15, -0.12, -0.11, -0.13]), 1);
    const { lower, upper, verdict } = describeJudgement(experiment, judgement, { asOf: 0n, open: [], ratioP: 1 });
    expect(verdict).toBe('decide');
    expect(lower).toBeLessThan(upper);
    expect(upper).toBeLessThan(0);
  });
});

describe('a canary that is worse', () => {
  /** Looks at the end of each day. @returns the day on which it is rolled back; 0 when it is not. */
  function rolledBackOn(first: RoutingExperiment, differences: readonly number[]): number {
    let experiment = first;
    for (let day = 1; day <= differences.length; day += 1) {
      const judgement = judge(experiment, daysOf(differences.slice(0, day)), 1);
      experiment = applyVerdict(experiment, judgement, dayEnd(sampleDay(day))).next;
      if (experiment.state === 'rolled-back') return day;
    }
    return 0;
  }

  it('is rolled back within the days, and so the steps, that the guardrail promises', () => {
    const policy = fc.record({
      guardrailDays: fc.constantFrom(30, 90, 365),
      stepDays: fc.integer({ min: 1, max: 4 }),
      tolerance: fc.constantFrom(0.001, 0.02),
    });
    const excess = fc.double({ min: 0.75, max: 5, noNaN: true });
    const noise = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(policy, excess, noise, (fields, tolerances, extra) => {
        const steps = [50, 200, 500, 1000];
        const experiment = sampleExperiment({ kind: 'canary', share: 50, policy: { steps, ...fields } });
        const differences = extra.map((each) => (tolerances + each) * fields.tolerance * 1.000001);
        const day = rolledBackOn(experiment, differences);
        const promised = guardrailDelayMax(fields.guardrailDays, tolerances);
        expect(day).toBeGreaterThan(0);
        expect(day).toBeLessThanOrEqual(promised);
      }),
    );
  });

  it('never leaves its first step when it is three tolerances worse from the start, at the defaults', () => {
    const policy = { steps: [50, 200], tolerance: 0.01, stepDays: 2, guardrailDays: 90 };
    const experiment = sampleExperiment({ kind: 'canary', share: 50, policy });
    expect(guardrailDelayMax(90, 3)).toBe(2);
    expect(rolledBackOn(experiment, [0.031, 0.031, 0.031])).toBe(2);
  });

  it('is rolled back also when units are not shared as intended', () => {
    const policy = { steps: [50], tolerance: 0.01 };
    const experiment = sampleExperiment({ kind: 'canary', share: 50, policy });
    expect(judge(experiment, daysOf([0.05, 0.05, 0.05]), 1e-9).verdict).toBe('roll_back');
    expect(judge(experiment, daysOf([0, 0, 0]), 1e-9).verdict).toBe('sample_ratio_mismatch');
  });
});

describe('sample ratio of an experiment', () => {
  it('adds up over revisions and never forgets', () => {
    const first = { revision: 1n, share: 50, control: 9_500, treatment: 500 };
    expect(sampleRatioP([first], 1)).toBe(1);
    const broken = { revision: 2n, share: 500, control: 5_000, treatment: 4_000 };
    expect(sampleRatioP([first, broken], 1)).toBeLessThan(0.001);
    expect(sampleRatioP([first], 0.0001)).toBe(0.0001);
  });
});
