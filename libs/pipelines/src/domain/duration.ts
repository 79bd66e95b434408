const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** Ten years: longer than anything waits for, and far below where a double loses milliseconds. */
const DURATION_MS_MAX = 3_653 * 86_400_000;

/** Reads `0s`, `90s`, `10m`, `1h`, `7d` and the like. @returns milliseconds, or undefined when it is none or is longer than ten years. */
export function readDurationMs(text: string): number | undefined {
  const match = /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text);
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : Number.NaN;
  return ms <= DURATION_MS_MAX ? ms : undefined;
}
