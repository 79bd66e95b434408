import { formatMicros, parseMicros, type Micros } from '@slipway/kernel';

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAY_MS = 86_400_000;

/** A date of a parameter or an event: a whole day, or a moment. */
export interface DateValue {
  readonly micros: Micros;
  /** It was written as `YYYY-MM-DD`. */
  readonly isDay: boolean;
}

/** Reads `YYYY-MM-DD` (its first moment, UTC) and ISO 8601 times that end in `Z`. @returns undefined for anything else. */
export function readDate(text: string): DateValue | undefined {
  const isDay = DAY.test(text);
  try {
    const micros = parseMicros(isDay ? `${text}T00:00:00Z` : text);
    return !isDay || formatMicros(micros).startsWith(text) ? { micros, isDay } : undefined; // the 30th of February
  } catch {
    return undefined;
  }
}

/** A day stays a day when whole days are added; everything else becomes a moment. */
export function shiftDate({ micros, isDay }: DateValue, ms: number): string {
  const text = formatMicros(micros + BigInt(ms) * 1000n);
  return isDay && ms % DAY_MS === 0 ? text.slice(0, 10) : text;
}
