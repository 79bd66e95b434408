import { describe, expect, it } from 'vitest';
import { ExhaustedError } from '@slipway/kernel';
import type { PredictionBlock } from '../blocks/prediction-block.ts';
import type { DayStats } from '../day-stats.ts';
import { DAY_VERSIONS_MAX } from '../limits.ts';
import { DaySums } from '../sum-day.ts';
import { ExperimentDaySums } from '../sum-experiment.ts';
import { DayJoin } from './day-join.ts';

const ROWS = 5_000;

function block(seed: number, versions = 2): PredictionBlock {
  const column = (shift: number) =>
    Float64Array.from({ length: ROWS }, (_, row) => ((row * 37 + shift) % 1_000) / 1_000);
  return {
    rows: ROWS,
    versions: Array.from({ length: versions }, (_, index) => ({ model: 'm', version: index + 1, digest: '' })),
    arms: [{ experiment: 'e', arm: 'a' }],
    units: ['u1', 'u2', `u${seed}`],
    features: [],
    ids: Array.from({ length: ROWS }, (_, row) => `p${(row + seed * 1_000) % 7_000}`),
    times: new Float64Array(ROWS),
    scores: Array.from({ length: versions }, (_, index) => column(seed + index)),
    served: Uint16Array.from({ length: ROWS }, (_, row) => row % versions),
    armOfRow: Uint16Array.from({ length: ROWS }, (_, row) => row % 2),
    unitOfRow: Uint32Array.from({ length: ROWS }, (_, row) => row % 4),
  };
}

const outcomes = {
  ids: Array.from({ length: 6_000 }, (_, row) => `p${row}`),
  labels: Uint8Array.from({ length: 6_000 }, (_, row) => Number(row % 5 === 0)),
  observed: new Float64Array(6_000),
};

/** A day in so many shares, as it is joined when it is large. */
function summed(parts: number): { stats: DayStats; experiment: unknown } {
  const sums = new DaySums(new Map());
  const experiment = new ExperimentDaySums('e', [], () => 0.2);
  const units = new Map<string, number>();
  for (let part = 0; part < parts; part += 1) {
    const join = new DayJoin(0, { part, parts }, units);
    for (const seed of [3, 4, 5]) join.addPredictions(block(seed));
    join.addOutcomes(outcomes);
    sums.share(join);
    experiment.share(join);
  }
  return { stats: sums.stats(0, ''), experiment: experiment.sums() };
}

const near = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? Number(each.toPrecision(10)) : each))); // prettier-ignore

describe('the join of a day', () => {
  it('has the same sums in one share and in several', () => {
    const whole = summed(1);
    expect(whole.stats).toMatchObject({ rows: 7_000, labelledRows: 6_000 });
    for (const parts of [2, 7]) expect(near(summed(parts))).toEqual(near(whole));
  });

  it('keeps the first prediction and the outcome observed last', () => {
    const join = new DayJoin(0, { part: 0, parts: 1 }, new Map());
    const one = (score: number): PredictionBlock => ({
      ...block(0, 1),
      rows: 1,
      ids: ['p'],
      scores: [Float64Array.of(score)],
    });
    join.addPredictions(one(0.25));
    join.addPredictions(one(0.75));
    const outcome = (label: number, time: number) => ({
      ids: ['p'],
      labels: Uint8Array.of(label),
      observed: Float64Array.of(time),
    });
    expect(join.labelOf(0)).toBe(-1);
    join.addOutcomes(outcome(1, 20));
    join.addOutcomes(outcome(0, 10));
    expect([join.rows, join.scores[0]?.get(0), join.labelOf(0)]).toEqual([1, 0.25, 1]);
    join.addOutcomes(outcome(0, 20)); // observed at once: the last to arrive
    expect(join.labelOf(0)).toBe(0);
    join.addOutcomes(outcome(1, 30), 25); // not known yet
    expect([join.labelOf(0), join.lastObserved]).toEqual([0, 30]);
  });

  it('refuses more versions than a day has', () => {
    const join = new DayJoin(0, { part: 0, parts: 1 }, new Map());
    join.addPredictions(block(1, DAY_VERSIONS_MAX));
    expect(() => join.addPredictions(block(1, DAY_VERSIONS_MAX + 1))).toThrow(ExhaustedError);
  });
});
