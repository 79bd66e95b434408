const DAY_MICROS = 86_400_000_000;
const DAY_MS = 86_400_000;

/** UTC days since 1970 of a time. @param micros since 1970, as exact as float64 has it (to the microsecond until the year 2255). */
export const dayNumberOfMicros = (micros: number): number => Math.floor(micros / DAY_MICROS);

/** `2001-04-01` of days since 1970. */
export const dayOf = (dayNumber: number): string => new Date(dayNumber * DAY_MS).toISOString().slice(0, 10);

/** Days since 1970 of `2001-04-01`. NaN for no day. */
export const dayNumberOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;
