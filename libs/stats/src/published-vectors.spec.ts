import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RUNNERS } from './testing/vector-runners.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly input: unknown;
  readonly expected: unknown;
  readonly tolerance: number | { readonly relative: number };
  readonly source: { readonly repo: string; readonly path: string };
}
const { vectors, withoutImplementation } = JSON.parse(
  readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8'),
) as { vectors: readonly Vector[]; withoutImplementation: Readonly<Record<string, number>> };

/** Vectors that we answer otherwise, and why. Numbers are what is right instead. */
const OTHERWISE: Readonly<Record<string, { readonly instead: unknown; readonly because: string }>> = {
  'gb.power.5000': { instead: 0.07206, because: "the exact form; GrowthBook's planner inflates the error twice" },
  'gb.mde.5000': { instead: 0.11044, because: "the exact form; GrowthBook's planner inflates the error twice" },
  'gb.seq1.greater.abs': {
    instead: { effect: 0.23437666666666668, ciBound: -0.12656844172804982, pValue: 0.4630473577946263 },
    because: 'GrowthBook halves an interval twelve times and is off by 1e-4; this is where its interval meets 0',
  },
  'psi.newcat': {
    instead: { psi: Infinity, klRefCur: 0.22314355131420976, jsDistanceNat: 0.27364532084863846 },
    because: 'no share is invented for an empty bin; ln(1.25) is the divergence of what is there',
  },
};

/** Names of the expected numbers that we do not compute, by kind. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { 'scipy.ks_2samp': ['pValueAsymp'] };

function expectNear(actual: unknown, expected: unknown, vector: Vector, path: string): void {
  if (typeof expected === 'number') {
    const { tolerance } = vector;
    const allowed = typeof tolerance === 'number' ? tolerance : tolerance.relative * Math.abs(expected);
    // a number that was written down with fewer digits than its tolerance has is right to half of its last digit
    const isNear = actual === expected || Math.abs((actual as number) - expected) <= Math.max(allowed, Number.EPSILON * Math.abs(expected)); // prettier-ignore
    expect(isNear, `${vector.id}${path}: ${String(actual)} instead of ${expected}`).toBe(true);
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, part] of Object.entries(expected)) {
      if (LEFT_OUT[vector.kind]?.includes(key)) continue;
      expectNear((actual as Record<string, unknown> | undefined)?.[key], part, vector, `${path}.${key}`);
    }
  } else {
    expect(actual, `${vector.id}${path}`).toBe(expected);
  }
}

describe('numbers that other projects publish', () => {
  const kinds = [...new Set(vectors.map(({ kind }) => kind))];
  it.each(kinds)('%s', (kind) => {
    const run = RUNNERS[kind];
    if (!run) throw new Error(`nothing runs ${kind}`);
    for (const vector of vectors.filter((each) => each.kind === kind)) {
      const expected = OTHERWISE[vector.id]?.instead ?? vector.expected;
      expectNear(run(vector.input as never), expected, vector, '');
    }
  });

  it('says what it has no function for', () => {
    const missing = Object.entries(withoutImplementation);
    process.stdout.write(
      `${vectors.length} published numbers checked; no function for ${missing.map(([kind, count]) => `${kind} (${count})`).join(', ')}\n`,
    );
    expect(Object.keys(RUNNERS).filter((kind) => kind in withoutImplementation)).toEqual([]);
    expect(Object.keys(RUNNERS).toSorted()).toEqual(kinds.toSorted());
  });
});
