import type { LoggedCall, PredictionsLogged } from '@slipway/contracts/slipway.serving.v1';
import { buildProfile, encodeProfile, type ReferenceProfile } from '@slipway/reference-profile';
import { createHash } from 'node:crypto';
import { DAY_MICROS, type Day } from '../domain/day.ts';

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The 1st of January 2001. */
export const FIRST_DAY: Day = 11_323;

/** A reference of `days` days: scores are right on average, one feature is a number and one a text. */
export function sampleProfile(
  seed: number,
  days: number,
  rowsPerDay = 200,
): { json: string; profile: ReferenceProfile } {
  const random = randomOf(seed);
  const rows = days * rowsPerDay;
  const scores = Float64Array.from({ length: rows }, () => 0.05 + 0.6 * random() ** 2);
  const profile = buildProfile({
    output: 'probability',
    times: Float64Array.from(scores, (_, row) => Number(BigInt(FIRST_DAY + Math.floor(row / rowsPerDay)) * DAY_MICROS)),
    labels: Array.from(scores, (score) => (random() < score ? 1 : 0)),
    scores,
    features: [
      { name: 'request:distance', kind: 'number', values: Float64Array.from(scores, () => random() * 1_000) },
      {
        name: 'request:carrier',
        kind: 'text',
        categories: ['AA', 'UA'],
        codes: Uint32Array.from(scores, () => (random() < 0.6 ? 0 : 1)),
      },
    ],
  });
  return { json: encodeProfile(profile), profile };
}

/** One prediction in the words of a test. */
export interface TestRow {
  readonly id: string;
  /** Microseconds. */
  readonly time: bigint;
  readonly served: number;
  /** By number of the version of the model `m`. */
  readonly scores: Readonly<Record<number, number>>;
  readonly experiment: string;
  readonly arm: string;
  readonly unit: string;
  readonly distance: number;
  readonly carrier: string;
}

export const OBJECTIVE = 'late-departure';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const keyOfCall = ({ time, served, scores }: TestRow) => `${time}/${served}/${Object.keys(scores).join('+')}`;
const inCalls = (rows: readonly TestRow[]): readonly TestRow[][] => [...Map.groupBy(rows, keyOfCall).values()];

/** Rows in the order in which an event has them. */
export const inEventOrder = (rows: readonly TestRow[]): readonly TestRow[] => inCalls(rows).flat();

/** Calls as serving logs them: rows of one time, one version that answered and the same listeners are one call. */
export const eventOf = (
  rows: readonly TestRow[],
  digestOf: (version: number) => string = () => '',
): PredictionsLogged => ({
  model: 'm',
  server: 'test',
  dropped: '0',
  calls: inCalls(rows).map((group) => callOf(group, digestOf)),
});

function callOf(rows: readonly TestRow[], digestOf: (version: number) => string): LoggedCall {
  const [first] = rows;
  if (!first) return {};
  const valuesOf = (version: number) => ({ probability: { values: rows.map(({ scores }) => scores[version] ?? NaN) } });
  const listeners = Object.keys(first.scores).map(Number).filter((version) => version !== first.served); // prettier-ignore
  return {
    time_micros: `${first.time}`,
    objective: OBJECTIVE,
    alias: 'live',
    version: `${first.served}`,
    digest: digestOf(first.served),
    request_id: 'r',
    prediction_ids: rows.map(({ id }) => id),
    outputs: valuesOf(first.served),
    number_features: { 'request:distance': { values: rows.map(({ distance }) => distance) } },
    text_features: { 'request:carrier': { values: rows.map(({ carrier }) => carrier) } },
    units: rows.map(({ unit, experiment, arm }) => ({
      unit_hash: unit === '' ? '' : sha256(unit),
      assignment_id: '',
      experiment,
      arm,
      propensity: 0.5,
    })),
    unit_of_row: rows.map((_, row) => row),
    shadows: listeners.map((version) => ({
      model: 'm',
      alias: 'champion',
      version: `${version}`,
      digest: digestOf(version),
      outputs: valuesOf(version),
    })),
  };
}

/** An outcome in the words of a test. */
export interface TestOutcome {
  readonly id: string;
  readonly label: 0 | 1;
  /** Microseconds. */
  readonly observed: bigint;
}

export const outcomesOf = (outcomes: readonly TestOutcome[]) => ({
  objective: OBJECTIVE,
  prediction_ids: outcomes.map(({ id }) => id),
  labels: outcomes.map(({ label }) => label),
  observed_micros: outcomes.map(({ observed }) => `${observed}`),
});
