import { InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { buildProfile } from './build-profile.ts';
import { encodeProfile, parseProfile } from './profile-json.ts';
import { flights } from './testing/flights.ts';

const profile = buildProfile(flights({ days: 4, rowsPerDay: 50, seed: 1 }));
const text = encodeProfile(profile);
type Json = Record<string, unknown>;
/** The text with one thing changed. */
function changed(change: (json: Json & { days: Json[]; features: Json[]; scores: Json }) => void): string {
  const json = JSON.parse(text) as Json & { days: Json[]; features: Json[]; scores: Json };
  change(json);
  return JSON.stringify(json);
}

describe('profile.json', () => {
  it('is one text for one profile, and reads back as it was', () => {
    expect(parseProfile(text)).toEqual(profile);
    expect(encodeProfile(parseProfile(text))).toBe(text);
    expect(encodeProfile(buildProfile(flights({ days: 4, rowsPerDay: 50, seed: 1 })))).toBe(text);
    expect(text).toContain('"format":"slipway.reference-profile/v1"');
    expect(text).toContain('"from":"0"');
  });

  it('is not written longer than it is read', () => {
    const day = {
      ...profile.days[0],
      features: Array.from({ length: 4096 }, () => Array.from({ length: 11 }, () => 1e6)),
    };
    const wide = { ...profile, days: Array.from({ length: 60 }, () => day) } as typeof profile;
    expect(() => encodeProfile(wide)).toThrow('16777216 is the most: take fewer days or features');
  });

  it.each<[string, string, string]>([
    ['no JSON', '{', 'profile: is no JSON'],
    ['another format', changed((json) => (json['format'] = 'slipway.reference-profile/v2')), 'profile.format'],
    ['an unknown field', changed((json) => (json['more'] = 1)), 'more'],
    ['a day that is none', changed(({ days }) => Object.assign(days[1] ?? {}, { day: '2001-02-30' })), 'profile.days.1.day: is no day'],
    ['days out of order', changed(({ days }) => days.reverse()), 'profile.days.1.day: is not after'],
    ['a day twice', changed(({ days }) => days.splice(1, 0, days[0] ?? {})), 'profile.days.1.day: is not after'],
    ['a day less', changed(({ days }) => days.pop()), 'profile.rows: is not the sum'],
    ['edges that go down', changed(({ scores }) => (scores['edges'] as number[]).reverse()), 'profile.scores.edges: are not ascending'],
    ['an edge less', changed(({ scores }) => (scores['edges'] as number[]).pop()), 'profile.scores.counts: has not'],
    ['a count less', changed(({ days }) => (days[2]?.['scores'] as number[] | undefined)?.pop()), 'profile.days.2.scores: has not'],
    ['counts that are moved', changed(({ scores }) => ((scores['counts'] as number[])[0]! += 1)), 'profile.scores.counts: is not the sum'],
    ['a feature less in a day', changed(({ days }) => (days[0]?.['features'] as unknown[] | undefined)?.pop()), 'profile.days.0.features: has not 2'],
    ['a feature twice', changed(({ features }) => Object.assign(features[0] ?? {}, { name: 'request:gate' })), 'profile.features: has a name twice'],
    ['half a row', changed(({ days }) => Object.assign(days[0] ?? {}, { rows: 50.5 })), 'profile.days.0.rows'],
    ['more positives than rows', changed(({ days }) => Object.assign(days[0] ?? {}, { positives: 51 })), 'profile.days.0.positives'],
    ['an end before its start', changed((json) => (json['until'] = '-1')), 'profile.until: is before'],
    ['a time with a fraction', changed((json) => (json['from'] = '0.5')), 'profile.from'],
    ['a longer text than any', ' '.repeat(16 * 1024 * 1024 + 1), 'profile: has 16777217 characters'],
  ])('refuses %s', (_, wrong, message) => {
    const parse = () => parseProfile(wrong);
    expect(parse).toThrow(InvalidArgumentError);
    expect(parse).toThrow(message);
  }); // prettier-ignore
});
