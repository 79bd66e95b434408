import { seededRandom } from '@slipway/kernel';
import type { ProfileInput } from '../build-profile.ts';

/** A seeded set of days that differ: each has a level of delay, which the score and one feature follow; `gates` do not. */
export function flights({
  days,
  rowsPerDay,
  seed,
}: {
  days: number;
  rowsPerDay: number;
  seed: number;
}): ProfileInput & {
  readonly times: Float64Array;
} {
  const random = seededRandom(seed);
  const rows = days * rowsPerDay;
  const times = new Float64Array(rows);
  const scores = new Float64Array(rows);
  const labels = new Uint8Array(rows);
  const delays = new Float64Array(rows);
  const gates = new Uint32Array(rows);
  for (let row = 0, level = 0; row < rows; row += 1) {
    if (row % rowsPerDay === 0) level = random.next() * 0.2;
    times[row] = Math.floor(row / rowsPerDay) * 86_400_000_000 + (row % rowsPerDay);
    scores[row] = level + random.next() * 0.6;
    labels[row] = random.next() < (scores[row] ?? 0) ? 1 : 0;
    delays[row] = random.next() < 0.05 ? Number.NaN : Math.round((level + random.next()) * 40);
    gates[row] = Math.floor(random.next() * 5);
  }
  return {
    output: 'probability',
    times,
    labels,
    scores,
    features: [
      { name: 'origin:delay', kind: 'number', values: delays },
      { name: 'request:gate', kind: 'text', categories: ['A1', 'A2', 'B1', 'B2'], codes: gates },
    ],
  };
}
