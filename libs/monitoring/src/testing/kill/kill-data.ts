import { DAY_MICROS } from '../../domain/day.ts';
import { FIRST_DAY, sampleProfile, type TestOutcome, type TestRow } from '../story.ts';

export const killProfile = () => sampleProfile(1, 60, 50);

const DAYS = 3;

/** Some predictions of each of three days. */
export const KILL_ROWS: readonly TestRow[] = Array.from({ length: 30 }, (_, row) => ({
  id: `p${row}`,
  time: BigInt(FIRST_DAY + 70 + (row % DAYS)) * DAY_MICROS,
  served: 1,
  scores: { 1: row / 100 },
  experiment: '',
  arm: '',
  unit: '',
  distance: row,
  carrier: 'AA',
}));

export const KILL_OUTCOMES: readonly TestOutcome[] = KILL_ROWS.map(({ id, time }, row) => ({
  id,
  label: row % 2 === 0 ? 1 : 0,
  observed: time + DAY_MICROS,
}));
