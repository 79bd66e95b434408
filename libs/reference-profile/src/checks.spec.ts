import { describe, expect, it } from 'vitest';
import { countNumbers, countScores, countTexts } from './bins.ts';
import { buildProfile } from './build-profile.ts';
import { checksOf, statisticOf, wholeReference } from './checks.ts';
import { flights } from './testing/flights.ts';
import { emptyWindow, labelledSums, poolWindows, withoutWindow, type ProfileWindow } from './window.ts';

const input = flights({ days: 20, rowsPerDay: 300, seed: 7 });
const profile = buildProfile(input);
const whole = wholeReference(profile);

/** What a monitor makes of logged predictions. */
function windowOf(rows: readonly { score: number; label: 0 | 1; delay: number; gate: string | null }[]): ProfileWindow {
  const [delay, gate] = profile.features;
  if (delay?.kind !== 'number' || gate?.kind !== 'text') throw new Error('other features');
  const scores = Float64Array.from(rows, ({ score }) => score);
  return {
    rows: rows.length,
    scores: Array.from(countScores(profile.scores.edges, scores)),
    features: [
      Array.from(countNumbers(delay.edges, Float64Array.from(rows, (row) => row.delay))),
      Array.from(countTexts(gate.categories, rows.map((row) => row.gate))),
    ],
    labelled: labelledSums(rows.map(({ label }) => label), scores),
  };
} // prettier-ignore
const of = (kind: Parameters<typeof statisticOf>[1]['kind'], window: ProfileWindow, feature?: string) =>
  statisticOf(profile, { kind, ...(feature && { feature }) }, window) ?? Number.NaN;

describe('statisticOf', () => {
  it('finds nothing in the reference itself', () => {
    expect(of('score_ks', whole)).toBe(0);
    expect(of('score_psi', whole)).toBeCloseTo(0, 2);
    expect(of('feature_psi', whole, 'request:gate')).toBeLessThanOrEqual(0);
  });

  it('has the window that the rows of the reference give', () => {
    const rows = Array.from(input.scores, (score, row) => {
      const [delay, gate] = input.features;
      if (delay?.kind !== 'number' || gate?.kind !== 'text') throw new Error('other features');
      const label = input.labels[row] === 1 ? (1 as const) : (0 as const);
      return { score, label, delay: delay.values[row] ?? 0, gate: gate.categories[gate.codes[row] ?? 0] ?? null };
    });
    const { labelled, ...counts } = windowOf(rows);
    const { labelled: sums, ...expected } = whole;
    expect(counts).toEqual(expected);
    expect(labelled.positives).toBe(sums.positives);
    expect(labelled.logLossSum).toBeCloseTo(sums.logLossSum, 6);
    expect(labelled.brierSum).toBeCloseTo(sums.brierSum, 6);
    expect(labelled.scoreSum).toBeCloseTo(sums.scoreSum, 6);
  });

  it('sees a shift of scores, of a number, of texts, of nulls, and bad calibration', () => {
    const usual = Array.from({ length: 500 }, (_, row) => ({
      score: input.scores[row * 7] ?? 0,
      label: input.labels[row * 7] === 1 ? (1 as const) : (0 as const),
      delay: row % 40,
      gate: ['A1', 'A2', 'B1', 'B2'][row % 4] ?? null,
    }));
    const now = windowOf(usual);
    const shifted = windowOf(usual.map((row) => ({ ...row, score: row.score * 0.5 })));
    expect(of('score_psi', shifted)).toBeGreaterThan(of('score_psi', now) + 0.1);
    expect(of('score_ks', shifted)).toBeGreaterThan(of('score_ks', now) + 0.1);
    expect(of('calibration_gap', shifted)).toBeGreaterThan(of('calibration_gap', now) + 0.1);
    expect(of('log_loss', shifted)).toBeGreaterThan(of('log_loss', now));
    const later = windowOf(usual.map((row) => ({ ...row, delay: row.delay + 20, gate: 'Z9' })));
    expect(of('feature_ks', later, 'origin:delay')).toBeGreaterThan(0.3);
    expect(of('feature_psi', later, 'origin:delay')).toBeGreaterThan(0.3);
    expect(of('feature_psi', later, 'request:gate')).toBeGreaterThan(1);
    const empty = windowOf(usual.map((row) => ({ ...row, delay: Number.NaN, gate: null })));
    expect(of('feature_ks', empty, 'origin:delay')).toBeGreaterThan(0.9);
    expect(of('feature_psi', empty, 'request:gate')).toBeGreaterThan(1);
  });

  it('has nothing to say without rows or labels, and refuses checks that there are none of', () => {
    const nothing = emptyWindow(profile);
    for (const check of checksOf(profile)) expect(statisticOf(profile, check, nothing)).toBeUndefined();
    expect(withoutWindow(whole, whole)).toEqual(nothing);
    expect(poolWindows(nothing, [whole])).toEqual(whole);
    expect(() => of('feature_psi', whole, 'view:other')).toThrow("the profile has no feature 'view:other'");
    expect(() => of('feature_ks', whole, 'request:gate')).toThrow("'request:gate' is a text");
    expect(() => countScores([0.5], Float64Array.of(Number.NaN))).toThrow('scores: has a NaN');
  });
});
