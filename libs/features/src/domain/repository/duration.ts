const UNITS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
};
/** A hundred years: far below where a double loses microseconds. */
export const DURATION_MICROS_MAX = 36_500 * 86_400_000_000;

/** Reads `90s`, `1h`, `7d` and the like. @returns microseconds, or undefined when it is none or is longer than a hundred years. */
export function readDuration(text: string): number | undefined {
  const match = /^(\d{1,12})(us|ms|s|m|h|d|w)$/.exec(text);
  const micros = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : Number.NaN;
  return micros <= DURATION_MICROS_MAX ? micros : undefined;
}
