import type { Micros } from '@slipway/kernel';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
export function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
}
