import { InvalidArgumentError } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildProfile, type ProfileInput } from './build-profile.ts';
import { slotsOf, type ReferenceProfile } from './profile.ts';
import { flights } from './testing/flights.ts';
import { emptyWindow, poolWindows, windowOfDay } from './window.ts';

/** The slow way: every value against every edge. */
const bruteBin = (edges: readonly number[], value: number): number =>
  Number.isNaN(value) ? edges.length + 1 : edges.filter((edge) => edge <= value).length;
/** The slow way: sorted, then `numpy.quantile(values, [0.1, ..., 0.9])`, each once. */
function bruteDeciles(values: readonly number[]): number[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((left, right) => left - right);
  const deciles = Array.from({ length: sorted.length > 0 ? 9 : 0 }, (_, index) => {
    const place = ((sorted.length - 1) * (index + 1)) / 10;
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? 0;
    return low + (high - low) * (place - Math.floor(place));
  });
  return [...new Set(deciles)];
}
const DAY = 86_400_000_000;
const columnOf = (profile: ReferenceProfile, name: string) => {
  const found = profile.features.find((feature) => feature.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

describe('buildProfile', () => {
  it('has what a small set has, counted by hand', () => {
    const profile = buildProfile({
      output: 'probability',
      times: BigInt64Array.of(BigInt(DAY) - 1n, BigInt(DAY), -1n, BigInt(DAY) + 5n),
      labels: [0, 1, 1, 0],
      scores: Float64Array.of(0.1, 0.5, 0.5, 0.9),
      features: [
        { name: 'view:delay', kind: 'number', values: Float64Array.of(3, Number.NaN, 3, 5) },
        { name: 'request:gate', kind: 'text', categories: ['z', 'é', 'a'], codes: Uint32Array.of(0, 1, 7, 0) },
      ],
    });
    expect(profile).toMatchObject({ rows: 4, from: -1n, until: BigInt(DAY) + 5n, positiveShare: 0.5, output: 'probability' }); // prettier-ignore
    expect(profile.days.map(({ day, rows, positives, scoreSum }) => [day, rows, positives, scoreSum])).toEqual([
      ['1969-12-31', 1, 1, 0.5],
      ['1970-01-01', 1, 0, 0.1],
      ['1970-01-02', 2, 1, 1.4],
    ]);
    expect(profile.days[0]?.logLossSum).toBeCloseTo(Math.log(2), 12);
    expect(profile.days[2]?.brierSum).toBeCloseTo(0.25 + 0.81, 12);
    const delay = columnOf(profile, 'view:delay');
    expect(delay).toMatchObject({ kind: 'number', edges: [3, 3.4, 3.8, 4.2, 4.6].map((edge) => expect.closeTo(edge, 12)) }); // prettier-ignore
    expect(delay.counts).toEqual([0, 2, 0, 0, 0, 1, 1]);
    const gate = columnOf(profile, 'request:gate');
    expect(gate).toEqual({ name: 'request:gate', kind: 'text', categories: ['z', 'é'], counts: [2, 1, 0, 1] });
    expect(profile.days.map(({ features }) => features[1])).toEqual([[0, 0, 0, 1], [1, 0, 0, 0], [1, 1, 0, 0]]); // prettier-ignore
  });

  it('keeps the fifty most frequent texts, and counts the others together', () => {
    const codes = Uint32Array.from({ length: 60 * 61 / 2 }, (_, row) => Math.floor((Math.sqrt(8 * row + 1) - 1) / 2)); // prettier-ignore
    const rows = codes.length; // text k occurs k + 1 times
    const profile = buildProfile({
      output: 'p',
      times: new Float64Array(rows),
      labels: new Uint8Array(rows),
      scores: new Float64Array(rows).fill(0.5),
      features: [{ name: 'r:c', kind: 'text', categories: Array.from({ length: 60 }, (_, code) => `c${code}`), codes }],
    });
    const [feature] = profile.features;
    if (feature?.kind !== 'text') throw new Error('no text');
    expect(feature.categories.toSorted()).toEqual(Array.from({ length: 50 }, (_, at) => `c${at + 10}`).toSorted());
    expect(feature.categories).toEqual(feature.categories.toSorted());
    expect(feature.counts.slice(-2)).toEqual([55, 0]); // 1 + 2 + ... + 10
  });

  it('agrees with the slow way, and its days with the whole, for all sets', () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(0, 1, 2), fc.constant(Number.NaN));
    const row = fc.record({
      time: fc.integer({ min: -5 * DAY, max: 5 * DAY }),
      label: fc.constantFrom(0, 1),
      score: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 1)),
      value: number,
      code: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (rows, every) => {
        const sampled = rows.filter((_, index) => index % every === 0);
        const values = Float64Array.from(rows, (each) => each.value);
        const profile = buildProfile({
          output: 'p',
          times: Float64Array.from(rows, ({ time }) => time),
          labels: rows.map(({ label }) => label),
          every,
          scores: Float64Array.from(sampled, ({ score }) => score),
          features: [
            { name: 'v:x', kind: 'number', values },
            {
              name: 'v:c',
              kind: 'text',
              categories: ['a', 'b', 'c'],
              codes: Uint32Array.from(rows, ({ code }) => code),
            },
          ],
        });
        expect(profile.scores.edges).toEqual(bruteDeciles(sampled.map(({ score }) => score)));
        const [numbers] = profile.features;
        if (numbers?.kind !== 'number') throw new Error('no number');
        const finite = bruteDeciles(sampled.map(({ value }) => value)).filter(Number.isFinite);
        expect(numbers.edges).toEqual([...finite].map((edge) => edge + 0));
        const expected = numbers.counts.map((_, bin) => sampled.filter(({ value }) => bruteBin(numbers.edges, value) === bin).length); // prettier-ignore
        expect(numbers.counts).toEqual(expected);
        expect(profile.features.map((feature) => feature.counts.length)).toEqual(profile.features.map(slotsOf));
        const whole = poolWindows(emptyWindow(profile), profile.days.map(windowOfDay));
        expect(whole.rows).toBe(sampled.length);
        expect(whole.scores).toEqual(profile.scores.counts);
        expect(whole.features).toEqual(profile.features.map(({ counts }) => counts));
        expect(whole.labelled.positives / whole.rows).toBe(profile.positiveShare);
        expect(values).toEqual(Float64Array.from(rows, (each) => each.value)); // read only
      }),
    );
  });

  it('gives the same profile of the same set, and of a sample what the sample alone gives', () => {
    const input = flights({ days: 12, rowsPerDay: 500, seed: 3 });
    expect(buildProfile(input)).toEqual(buildProfile(input));
    const thin = <Column extends Float64Array | Uint32Array>(column: Column): Column => column.filter((_, row) => row % 3 === 0) as Column; // prettier-ignore
    const features = input.features.map((column) =>
      column.kind === 'number' ? { ...column, values: thin(column.values) } : { ...column, codes: thin(column.codes) },
    );
    const labels = Array.from(input.labels).filter((_, row) => row % 3 === 0);
    const alone = { ...input, times: thin(input.times as Float64Array), scores: thin(input.scores), labels, features };
    expect(buildProfile({ ...input, every: 3, scores: thin(input.scores) })).toEqual(buildProfile(alone));
  });

  it.each<[string, Partial<ProfileInput>, string]>([
    ['no rows', { times: new Float64Array(0), labels: [], scores: new Float64Array(0) }, 'times: is empty'],
    ['labels of other rows', { labels: [0] }, 'labels: has 1 entries, and 2 are expected'],
    ['a label that is none', { labels: [0, 2] }, 'labels: is 2 in row 1'],
    ['a score that is NaN', { scores: Float64Array.of(0.5, Number.NaN) }, 'scores: is NaN for row 1'],
    ['a time that is NaN', { times: Float64Array.of(0, Number.NaN) }, 'times: is NaN in row 1'],
    ['scores of other rows', { every: 2 }, 'scores: has 2 entries, and 1 are expected'],
    ['a step back', { every: 0 }, 'every: is 0'],
    ['a short feature', { features: [{ name: 'v:x', kind: 'number', values: Float64Array.of(1) }] }, 'features.v:x: has 1 entries'],
  ])('refuses %s', (_, wrong, message) => {
    const input = { output: 'p', times: Float64Array.of(0, 1), labels: [0, 1], scores: Float64Array.of(0.1, 0.2), features: [] };
    const build = () => buildProfile({ ...input, ...wrong });
    expect(build).toThrow(InvalidArgumentError);
    expect(build).toThrow(message);
  }); // prettier-ignore

  it('refuses more days than it can keep', () => {
    const times = Float64Array.from({ length: 4_001 }, (_, day) => day * DAY);
    const input = { output: 'p', times, labels: new Uint8Array(4_001), scores: new Float64Array(4_001), features: [] };
    expect(() => buildProfile(input)).toThrow('times: has more than 4000 days');
  });
});
