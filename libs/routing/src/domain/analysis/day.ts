import { parseMicros, type Micros } from '@slipway/kernel';

const DAY_MICROS = 86_400_000_000n;

/** @param day `YYYY-MM-DD`, UTC. @throws {RangeError} on anything else. */
export const dayStart = (day: string): Micros => parseMicros(`${day}T00:00:00Z`);

/** First moment of the next day. */
export const dayEnd = (day: string): Micros => dayStart(day) + DAY_MICROS;
