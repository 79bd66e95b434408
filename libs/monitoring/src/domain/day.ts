import { InvalidArgumentError, type Micros } from '@slipway/kernel';

/** Days since 1970-01-01, UTC; negative before. */
export type Day = number;

export const DAY_MICROS = 86_400_000_000n;
const DAY_MILLIS = 86_400_000;
const PATTERN = /^\d{4}-\d{2}-\d{2}$/;

/** The day that a time is in. */
export const dayOf = (time: Micros): Day =>
  Number((time - (((time % DAY_MICROS) + DAY_MICROS) % DAY_MICROS)) / DAY_MICROS);

/** When a day begins. */
export const startOf = (day: Day): Micros => BigInt(day) * DAY_MICROS;

/** `YYYY-MM-DD`. */
export const dayText = (day: Day): string => new Date(day * DAY_MILLIS).toISOString().slice(0, 10);

/** @throws {InvalidArgumentError} naming the field. */
export function parseDay(field: string, text: string): Day {
  const millis = PATTERN.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 10) !== text) {
    throw InvalidArgumentError.of(field, 'must be a day like 2001-04-30');
  }
  return millis / DAY_MILLIS;
}

/** Bounds of all days that there are: those of JavaScript's dates. */
export const DAY_MIN: Day = -100_000_000;
export const DAY_MAX: Day = 100_000_000;
