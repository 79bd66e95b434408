/** Microseconds since 1970-01-01T00:00:00Z. All stored and published times have this form. */
export type Micros = bigint;

/** Time as an argument, so that a test can replay it. */
export interface Clock {
  /** Wall clock, UTC, microseconds. */
  now(): Micros;
  /** Never goes back; milliseconds with fractions, for measuring durations only. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** ISO 8601 UTC with six digits of microseconds, e.g. `2001-04-01T00:00:00.000000Z`. */
export function formatMicros(micros: Micros): string {
  const millis = micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n; // floor, also before 1970
  const rest = micros - millis * 1000n;
  return new Date(Number(millis)).toISOString().replace('Z', `${rest.toString().padStart(3, '0')}Z`);
}

const ISO_UTC = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?Z$/;

/** Reads what `formatMicros` wrote (fewer digits are fine; more are cut). @throws {RangeError} on anything else. */
export function parseMicros(text: string): Micros {
  const match = ISO_UTC.exec(text);
  const millis = match ? Date.parse(`${match[1]}Z`) : Number.NaN;
  if (!match || Number.isNaN(millis)) throw new RangeError(`not an ISO 8601 UTC time: '${text}'`);
  return BigInt(millis) * 1000n + BigInt((match[2] ?? '').padEnd(6, '0'));
}
