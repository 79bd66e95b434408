import { NAME_PATTERN, type JsonValue } from '@slipway/kernel';
import { z } from 'zod';
import { readDurationMs } from '../duration.ts';

export const PIPELINE_API_VERSION = 'slipway.pipeline/v1';
const STEPS_MAX = 200;
const TRIGGERS_MAX = 50;
const PARAMETERS_MAX = 100;
const DAY_MS = 86_400_000;

const name = z
  .string()
  .regex(NAME_PATTERN, 'must begin with a letter or digit and hold letters, digits, dots, dashes and underscores only');
/** Part of expressions, which are cut at dots, and of request ids, which have an end. */
const part = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/, 'must be 1 to 48 letters, digits, dashes and underscores');
const json: z.ZodType<JsonValue> = z.json();
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.record(part, z.string().max(4096).or(z.number().transform(String))).default({});

const duration = (minMs: number, maxMs: number) =>
  z.string().transform((text, context) => {
    const ms = readDurationMs(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({ code: 'custom', message: "must be a duration such as '90s', '1h' or '7d'" });
    return z.NEVER;
  });

const parameter = z.strictObject({
  name: part,
  type: z.enum(['string', 'number', 'date']).default('string'),
  default: z
    .union([z.string().max(4096), z.number()])
    .transform(String)
    .optional(),
});

const step = z.strictObject({
  name: part,
  kind: z.string().max(64),
  needs: z.array(part).max(STEPS_MAX).default([]),
  with: z.record(z.string(), json).default({}),
  timeout: duration(1, 30 * DAY_MS).optional(),
  attempts: z.number().int().min(1).max(100).default(3),
});

const cron = z.strictObject({
  name: part,
  cron: z.string().max(128),
  catchUp: z.enum(['none', 'last']).default('none'),
  parameters: texts,
});

const event = z.strictObject({
  name: part,
  event: z.string().max(256),
  where: z.record(part, z.union([scalar.transform((text) => [text]), z.array(scalar).min(1).max(100)])).default({}),
  debounce: duration(0, DAY_MS).default(0),
  coolDown: duration(0, 366 * DAY_MS).default(0),
  parameters: texts,
});

const trigger = z.unknown().transform((value, context) => {
  const kind = typeof value === 'object' && value !== null && 'event' in value ? event : cron;
  const parsed = kind.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as never);
  return z.NEVER;
});

/** A document of kind `Pipeline`. */
export const pipelineDocument = z.strictObject({
  apiVersion: z.literal(PIPELINE_API_VERSION),
  kind: z.literal('Pipeline'),
  name,
  description: z.string().max(8192).default(''),
  parameters: z.array(parameter).max(PARAMETERS_MAX).default([]),
  steps: z.array(step).min(1).max(STEPS_MAX),
  triggers: z.array(trigger).max(TRIGGERS_MAX).default([]),
  maxRunning: z.number().int().min(1).max(100).default(1),
});
export type PipelineDocument = z.output<typeof pipelineDocument>;
