import { NAME_PATTERN } from '@slipway/kernel';
import { COLUMN_TYPES } from '@slipway/plugin-kit';
import { z } from 'zod';
import { AGGREGATIONS } from './feature-repository.ts';
import { readDuration } from './duration.ts';

export const FEATURES_API_VERSION = 'slipway.features/v1';
/** Bounds what one repository can hold of one kind; a file has at most 1 MiB anyway. */
const ITEMS_MAX = 1_000;

const name = z
  .string()
  .regex(
    NAME_PATTERN,
    'must begin with a letter or digit and hold at most 128 letters, digits, dots, dashes and underscores',
  );
/** Of columns: names of other people's files, so nearly anything. */
const column = z
  .string()
  .min(1)
  .refine(
    (text) => Buffer.byteLength(text) <= 128 && !text.includes('\0') && text.isWellFormed(),
    'must be at most 128 bytes of text',
  );
/** Of features: a part of `view:feature` and of `view__feature`. */
const featureName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be a name of letters, digits, dots, dashes and underscores');
const description = z.string().max(8192).default('');
const list = <Item extends z.ZodType>(item: Item) => z.array(item).max(ITEMS_MAX).default([]);

const duration = z.string().transform((text, context) => {
  const micros = readDuration(text);
  if (micros !== undefined && micros > 0) return micros;
  context.addIssue({ code: 'custom', message: "must be a duration such as '90s', '1h' or '7d'" });
  return z.NEVER;
});

const entity = z.strictObject({
  name,
  description,
  joinKeys: z
    .array(z.strictObject({ name: column, type: z.enum(COLUMN_TYPES) }))
    .min(1)
    .max(16),
});

const source = z.strictObject({
  name,
  contract: z.string().min(1).max(1024),
  object: z.string().min(1).max(256).optional(),
  eventTime: column,
  createdTime: column.optional(),
  columns: z.record(z.string(), column).default({}),
});

const feature = z.strictObject({
  name: featureName,
  column: column.optional(),
  aggregation: z.strictObject({ function: z.enum(AGGREGATIONS), column, window: duration }).optional(),
});

const view = z.strictObject({
  name,
  description,
  entities: z.array(name).min(1).max(16),
  source: name,
  ttl: z.union([z.literal(0), duration], { error: "must be 0 for no limit, or a duration such as '1d'" }).default(0),
  features: z.array(feature).min(1).max(ITEMS_MAX),
});

const service = z.strictObject({ name, features: z.array(z.string().max(257)).min(1).max(ITEMS_MAX) });

/** A document of kind `FeatureRepository`. */
export const repositoryDocument = z.strictObject({
  apiVersion: z.literal(FEATURES_API_VERSION),
  kind: z.literal('FeatureRepository'),
  entities: list(entity),
  sources: list(source),
  views: list(view),
  services: list(service),
});
export type RepositoryDocument = z.output<typeof repositoryDocument>;
