import type { NamedPeriod, Period } from './flights.ts';

export const MODEL = 'flight-delay';
export const DATASET = 'flights-2001-04-01..07';
export const TRAINING: Period = { from: '2001-01-01', until: '2001-04-01' };
export const EVALUATION: Period = { from: '2001-04-01', until: '2001-04-08' };
/** The flights of the day after what the store has seen, asked about at six in the morning. */
export const ONLINE: Period = { from: '2001-04-08', until: '2001-04-09' };
export const ASKED_AT = Date.UTC(2001, 3, 8, 6) / 1000;
/** Files as they come, before the first predictions and after. */
export const FIRST_FILES: readonly NamedPeriod[] = [
  ['flights-2001-01', { from: '2001-01-01', until: '2001-02-01' }],
  ['flights-2001-02', { from: '2001-02-01', until: '2001-03-01' }],
  ['flights-2001-03', { from: '2001-03-01', until: '2001-04-01' }],
  ['flights-2001-04-01..07', EVALUATION],
];
export const LATER_FILES: readonly NamedPeriod[] = [
  ['flights-2001-04-08..30', { from: '2001-04-08', until: '2001-05-01' }],
  ['flights-2001-05', { from: '2001-05-01', until: '2001-06-01' }],
  ['flights-2001-06', { from: '2001-06-01', until: '2001-07-01' }],
];
export const MAY: Period = { from: '2001-05-01', until: '2001-06-01' };
export const STREAM_DAY: Period = { from: '2001-05-15', until: '2001-05-16' };
/** Days that are played one by one, a month in memory at a time. */
export const MONTHS: readonly Period[] = [
  { from: '2001-04-01', until: '2001-05-01' },
  MAY,
  { from: '2001-06-01', until: '2001-07-01' },
];
/** First day of the comparison of the two versions. */
export const COMPARISON_FROM = '2001-04-08';
/** From this day on nobody listens beside the version that serves and the challenger: both versions are compared on the two weeks before. */
export const COMPARED_UNTIL = '2001-04-15';
