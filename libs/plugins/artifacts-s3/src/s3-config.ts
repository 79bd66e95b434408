import { Secret } from '@slipway/kernel';
import { z } from 'zod';

const MEBI = 1024 * 1024;
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const S3Settings = z.strictObject({
  /** A URL; absent means the vendor's own endpoint of the region. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  region: z.string().min(1).default('us-east-1'),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'use the name of a bucket'),
  /** Keeps several installations in one bucket apart; S3 keys have 1024 bytes, 896 of them are for paths. */
  prefix: z
    .string()
    .max(64)
    .regex(
      /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$/,
      'use segments joined by /, with no / at either end',
    )
    .default(''),
  accessKeyId: z.string().min(1),
  secretAccessKey: z.union([
    z.instanceof(Secret),
    z
      .string()
      .min(1)
      .transform((text) => new Secret(text)),
  ]),
  /** `endpoint/bucket` in place of `bucket.endpoint`; most servers other than AWS need it. */
  forcePathStyle: flag.default(false),
  createBucket: flag.default(false),
  /** Longest wait for an answer, and for the next bytes of one; completing and copying large content may take ten times as long. */
  requestTimeoutMs: z.coerce.number().int().min(100).max(600_000).default(30_000),
  attemptsMax: z.coerce.number().int().min(1).max(10).default(4), // first try included
  connectionsMax: z.coerce.number().int().min(1).max(1_000).default(128), // each open read holds one
  /** Five of them are held per large write; a content has at most 10 000. */
  partBytes: z.coerce
    .number()
    .int()
    .min(5 * MEBI)
    .max(512 * MEBI)
    .default(8 * MEBI), // 5 MiB is the least S3 takes
  /** Unfinished uploads older than this are removed at start; longer than any upload takes. */
  staleUploadHours: z.coerce
    .number()
    .min(1)
    .max(24 * 365)
    .default(24),
});

/** Settings of the S3 artifact store. */
export interface S3ArtifactsConfig {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly forcePathStyle: boolean;
  readonly createBucket: boolean;
  readonly requestTimeoutMs: number;
  readonly attemptsMax: number;
  readonly connectionsMax: number;
  readonly partBytes: number;
  readonly staleUploadMs: number;
}

/** @throws {Error} that lists every problem with the name of its setting. */
export function readS3ArtifactsConfig(raw: Readonly<Record<string, unknown>>): S3ArtifactsConfig {
  const parsed = S3Settings.safeParse(raw);
  if (!parsed.success) throw new Error(`artifactStore.s3: ${z.prettifyError(parsed.error)}`);
  const { endpoint, prefix, staleUploadHours, ...rest } = parsed.data;
  return Object.freeze({
    ...rest,
    endpoint,
    prefix: prefix === '' ? '' : `${prefix}/`,
    staleUploadMs: staleUploadHours * 3_600_000,
  });
}
