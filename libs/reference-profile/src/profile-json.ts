import { canonicalJson, InvalidArgumentError } from '@slipway/kernel';
import { z } from 'zod';
import { dayNumberOf, dayOf } from './days.ts';
import { CATEGORIES_MAX, DAYS_MAX, EDGES_MAX, FEATURES_MAX, NAME_CHARACTERS_MAX, PROFILE_CHARACTERS_MAX } from './limits.ts'; // prettier-ignore
import { PROFILE_FORMAT, slotsOf, type ReferenceProfile } from './profile.ts';

const Count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Counts = z
  .array(Count)
  .min(1)
  .max(EDGES_MAX + 2);
const Name = z.string().min(1).max(NAME_CHARACTERS_MAX);
const Micros = z
  .string()
  .regex(/^-?\d{1,18}$/, 'is no whole number of microseconds')
  .transform(BigInt);
const Edges = z
  .array(z.number())
  .max(EDGES_MAX)
  .refine((edges) => edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? edge)), 'are not ascending');
const Feature = z.discriminatedUnion('kind', [
  z.strictObject({ name: Name, kind: z.literal('number'), edges: Edges, counts: Counts }),
  z.strictObject({
    name: Name,
    kind: z.literal('text'),
    categories: z.array(z.string()).max(CATEGORIES_MAX),
    counts: Counts,
  }),
]);
const Day = z.strictObject({
  day: z.string().refine((day) => /^\d{4}-\d\d-\d\d$/.test(day) && isDay(day), 'is no day of the form 2001-04-01'),
  rows: Count.min(1),
  positives: Count,
  scoreSum: z.number(),
  logLossSum: z.number().min(0),
  brierSum: z.number().min(0),
  scores: Counts,
  features: z.array(Counts).max(FEATURES_MAX),
});
const Profile = z.strictObject({
  format: z.literal(PROFILE_FORMAT),
  output: Name,
  rows: Count.min(1),
  from: Micros,
  until: Micros,
  positiveShare: z.number().min(0).max(1),
  scores: z.strictObject({ edges: Edges, counts: Counts }),
  features: z.array(Feature).max(FEATURES_MAX),
  days: z.array(Day).min(1).max(DAYS_MAX),
});

function isDay(day: string): boolean {
  const number = dayNumberOf(day);
  return !Number.isNaN(number) && dayOf(number) === day;
}

const refuse = (field: string, description: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'REFERENCE_PROFILE_INVALID', cause });

/**
 * `profile.json` of a profile: RFC 8785, one text for one profile. Times are decimal strings: they need all 64 bits.
 * @throws {InvalidArgumentError} REFERENCE_PROFILE_INVALID when it would be longer than what `parseProfile` reads: thousands of features or days.
 */
export function encodeProfile(profile: ReferenceProfile): string {
  const text = canonicalJson({ ...profile, from: String(profile.from), until: String(profile.until) });
  assertShort(text);
  return text;
}

function assertShort(text: string): void {
  if (text.length > PROFILE_CHARACTERS_MAX)
    throw refuse('profile', `has ${text.length} characters; ${PROFILE_CHARACTERS_MAX} is the most: take fewer days or features`); // prettier-ignore
}

/**
 * Reads `profile.json`. @throws {InvalidArgumentError} REFERENCE_PROFILE_INVALID when it is too long, no JSON, of another format, or when its counts
 * do not add up; naming the first field that is wrong.
 */
export function parseProfile(text: string): ReferenceProfile {
  assertShort(text);
  const parsed = Profile.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`profile.${issue?.path.join('.') ?? ''}`, issue?.message ?? 'is not a reference profile');
  }
  assertAddsUp(parsed.data);
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse('profile', 'is no JSON', cause);
  }
}

/** The days must have the bins of the profile, and sum up to its counts. */
function assertAddsUp(profile: ReferenceProfile): void {
  const { scores, features, days, rows } = profile;
  const expect = (holds: boolean, field: string, description: string): void => {
    if (!holds) throw refuse(`profile.${field}`, description);
  };
  expect(new Set(features.map(({ name }) => name)).size === features.length, 'features', 'has a name twice');
  expect(profile.from <= profile.until, 'until', 'is before `from`');
  const distributions = [
    { field: 'scores', slots: scores.edges.length + 1, counts: scores.counts, byDay: days.map((day) => day.scores) },
    ...features.map((feature, index) => ({
      field: `features.${index}`,
      slots: slotsOf(feature),
      counts: feature.counts,
      byDay: days.map((day) => day.features[index] ?? []),
    })),
  ];
  for (const [index, day] of days.entries()) {
    expect(index === 0 || (days[index - 1]?.day ?? '') < day.day, `days.${index}.day`, 'is not after the day before');
    expect(day.features.length === features.length, `days.${index}.features`, `has not ${features.length} features`);
    expect(day.positives <= day.rows, `days.${index}.positives`, 'is more than its rows');
  }
  expect(sum(days.map((day) => day.rows)) === rows, 'rows', 'is not the sum of the days');
  for (const { field, slots, counts, byDay } of distributions) {
    expect(counts.length === slots, `${field}.counts`, `has not ${slots} entries`);
    for (const [index, day] of byDay.entries())
      expect(day.length === slots && sum(day) === days[index]?.rows, `days.${index}.${field}`, `has not ${slots} counts of all rows of the day`); // prettier-ignore
    const holds = counts.every((count, bin) => count === byDay.reduce((total, day) => total + (day[bin] ?? 0), 0));
    expect(holds, `${field}.counts`, 'is not the sum of the days');
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
