/** Microseconds since 1970. */
export type Micros = number;

export const DAY: Micros = 86_400_000_000;
/** In the morning, six hours into the day, somebody looks at the day before: by then nearly every delay of it is known. */
export const MORNING: Micros = DAY / 4;

/** @param day `YYYY-MM-DD`. */
export const startOf = (day: string): Micros => Date.parse(`${day}T00:00:00Z`) * 1000;
export const timestamp = (micros: Micros) => ({
  seconds: String(Math.floor(micros / 1e6)),
  nanos: Math.round((micros % 1e6) * 1000),
});
/** `23 April`. */
export const spoken = (day: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
