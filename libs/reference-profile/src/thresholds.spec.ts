import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildProfile } from './build-profile.ts';
import { checksOf, statisticOf } from './checks.ts';
import { thresholdOf, thresholdsOf } from './thresholds.ts';
import { flights } from './testing/flights.ts';
import { emptyWindow, poolWindows, windowOfDay } from './window.ts';

const profile = buildProfile(flights({ days: 30, rowsPerDay: 200, seed: 5 }));

/** Runs of consecutive values above a threshold, the slow way. */
const episodesAbove = (values: readonly (number | undefined)[], threshold: number): number =>
  values.filter((value, at) => (value ?? -Infinity) > threshold && !((values[at - 1] ?? -Infinity) > threshold)).length;

describe('thresholdsOf', () => {
  it('is the greatest of all windows against the other days, when the budget covers the reference', () => {
    const windowDays = 5;
    const { thresholds, referenceDays, falseAlarmDays } = thresholdsOf(profile, { windowDays, falseAlarmDays: 90 });
    expect({ referenceDays, falseAlarmDays }).toEqual({ referenceDays: 30, falseAlarmDays: 30 });
    expect(thresholds.map(({ kind, feature }) => ({ kind, ...(feature && { feature }) }))).toEqual(checksOf(profile));
    const sumOf = (days: typeof profile.days) => poolWindows(emptyWindow(profile), days.map(windowOfDay));
    for (const { kind, feature, threshold, windows, episodes } of thresholds) {
      const values = Array.from({ length: 26 }, (_, start) => {
        const inside = profile.days.slice(start, start + windowDays);
        const outside = profile.days.filter((day) => !inside.includes(day));
        return statisticOf(profile, { kind, ...(feature && { feature }) }, sumOf(inside), sumOf(outside)) ?? Number.NaN;
      });
      expect(threshold).toBeCloseTo(Math.max(...values), 12);
      expect({ windows, episodes }).toEqual({ windows: 26, episodes: 0 });
    }
  });

  it('grows with the days that one false alarm may come in', () => {
    const of = (falseAlarmDays: number) => thresholdsOf(profile, { windowDays: 3, falseAlarmDays }).thresholds;
    const budgets = [2, 3, 5, 10, 15, 30, 1000].map(of);
    for (const [index, later] of budgets.entries()) {
      for (const [check, { threshold }] of later.entries())
        expect(threshold).toBeGreaterThanOrEqual(budgets[index - 1]?.[check]?.threshold ?? -Infinity);
    }
    expect(budgets[0]?.[0]?.threshold).toBeLessThan(budgets.at(-1)?.[0]?.threshold ?? 0);
  });

  it('skips windows without rows, and counts days by the calendar', () => {
    const { times, ...rest } = flights({ days: 6, rowsPerDay: 20, seed: 2 });
    const days = [0, 1, 10, 11, 12, 20];
    const apart = times.map(
      (time, row) => (time % 86_400_000_000) + (days[Math.floor(row / 20)] ?? 0) * 86_400_000_000,
    );
    const { referenceDays, thresholds } = thresholdsOf(buildProfile({ ...rest, times: apart }), { windowDays: 2, falseAlarmDays: 21 }); // prettier-ignore
    expect(referenceDays).toBe(21);
    expect(thresholds[0]?.windows).toBe(7); // that start on day 0, 1, 9, 10, 11, 12 and 19
  });

  it('says why a short reference has none', () => {
    const short = buildProfile(flights({ days: 13, rowsPerDay: 20, seed: 2 }));
    const { thresholds, missing } = thresholdsOf(short, { falseAlarmDays: 90 });
    expect(thresholds).toEqual([]);
    expect(missing).toBe('the reference has 13 days; windows of 7 days need at least 14');
    expect(thresholdsOf(short, { windowDays: 6, falseAlarmDays: 90 }).missing).toBeUndefined();
    expect(() => thresholdsOf(short, { windowDays: 0, falseAlarmDays: 90 })).toThrow('windowDays: is 0');
    expect(() => thresholdsOf(short, { falseAlarmDays: 0.5 })).toThrow('falseAlarmDays: is 0.5');
  });
});

describe('thresholdOf', () => {
  it('is the least value that stays within the allowed episodes, for all series', () => {
    const value = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 12 }) }, fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.nat(5), (values, allowed) => {
        const found = thresholdOf(values, allowed);
        const present = values.filter((each) => each !== undefined).sort((left, right) => right - left);
        if (!found) {
          expect(present).toEqual([]);
          return;
        }
        const candidates = [...new Set(present)];
        const firstBad = candidates.findIndex((candidate) => episodesAbove(values, candidate) > allowed);
        const best = candidates[firstBad < 0 ? candidates.length - 1 : firstBad - 1];
        expect(found).toEqual({ threshold: best, windows: present.length, episodes: episodesAbove(values, best ?? 0) });
      }),
    );
  });
});
