import type { Scalar } from './scalars.ts';

/** google.protobuf.Timestamp in memory. */
export interface TimestampMessage {
  readonly seconds: string;
  readonly nanos: number;
}

export const TIMESTAMP = '.google.protobuf.Timestamp';
const RFC_3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** @param json RFC 3339 text with at most nine digits after the second. */
export function readTimestamp(json: unknown): Scalar {
  const problem = { problem: 'must be a time such as "2001-04-10T06:30:00.123456Z"' };
  const match = typeof json === 'string' ? RFC_3339.exec(json) : null;
  const [, civil = '', fraction = '', zone = ''] = match ?? [];
  const milliseconds = Date.parse(`${civil}${zone}`);
  if (!match || Number.isNaN(milliseconds)) return problem;
  // Date takes the 30th of February for the 1st of March
  if (!new Date(Date.parse(`${civil}Z`)).toISOString().startsWith(civil)) return problem;
  return { value: { seconds: String(milliseconds / 1000), nanos: Number(fraction.padEnd(9, '0')) } };
}

/** With 0, 3, 6 or 9 digits after the second, as proto3 JSON has it. */
export function writeTimestamp({ seconds, nanos }: TimestampMessage): string {
  const civil = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction =
    nanos === 0
      ? ''
      : `.${String(nanos)
          .padStart(9, '0')
          .replace(/(?:000){1,2}$/, '')}`;
  return `${civil}${fraction}Z`;
}
