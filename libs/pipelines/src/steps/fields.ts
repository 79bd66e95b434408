import { MODEL_NAME_PATTERN, NAME_PATTERN, type Micros } from '@slipway/kernel';
import { z } from 'zod';
import { readDurationMs } from '../domain/duration.ts';
import { readDate } from '../domain/expression/times.ts';

/** Names of aliases, sources and the like. */
export const name = z.string().regex(NAME_PATTERN, 'is no name');
/** Of a registered model. */
export const modelName = z.string().regex(MODEL_NAME_PATTERN, 'is no name of a model');
export const column = z.string().min(1).max(128);
/** `view:feature` or `request:feature`. */
export const reference = z
  .string()
  .regex(/^[^:\s]{1,128}:[^:\s]{1,128}$/, "must be 'view:feature' or 'request:feature'");
/** Counts from 1; results of steps are texts, files have numbers. */
export const version = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^[1-9]\d{0,17}$/, 'must be the number of a version'));
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of a training set');

/** A moment: a day counts from its first one. */
export const moment = z.string().transform((text, context): Micros => {
  const date = readDate(text);
  if (date) return date.micros;
  context.addIssue({ code: 'custom', message: 'must be a date: YYYY-MM-DD, or an ISO 8601 time that ends in Z' });
  return z.NEVER;
});

/** @returns milliseconds. */
export const duration = z.string().transform((text, context): number => {
  const ms = readDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: "must be a duration such as '90s', '1h' or '7d'" });
  return z.NEVER;
});

export const timestampOf = (micros: Micros): { seconds: string; nanos: number } => {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
};

export const microsOf = ({ seconds, nanos }: { seconds: string; nanos: number }): Micros =>
  BigInt(seconds) * 1_000_000n + BigInt(Math.floor(nanos / 1000));
