import { Secret } from '@slipway/kernel';
import { isSubjectFilter } from '@slipway/plugin-kit';
import { z } from 'zod';

const DAY_MS = 86_400_000;
const millis = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const secret = z.union([z.instanceof(Secret), z.string().min(1)]).transform((value) => {
  return value instanceof Secret ? value : new Secret(value);
});
const list = (value: unknown): unknown => (typeof value === 'string' ? value.split(',').map((s) => s.trim()) : value);

const Settings = z
  .strictObject({
    /** `nats://host:port`, several separated by commas. */
    servers: z
      .preprocess(list, z.array(z.string().regex(/^(?:nats|tls):\/\/[^\s/]+$/, 'use nats://host:port')).min(1))
      .default(['nats://127.0.0.1:4222']),
    /** A `.creds` file (JWT and seed); excludes the other ways to sign in. */
    credentialsFile: z.string().min(1).optional(),
    user: z.string().min(1).optional(),
    password: secret.optional(),
    token: secret.optional(),
    /** Name of the one stream of this system; made at start when it is missing. */
    stream: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "use letters, digits, '-' and '_'")
      .default('SLIPWAY'),
    subjects: z
      .preprocess(list, z.array(z.string().refine(isSubjectFilter, 'use subjects with * and > as in NATS')).min(1))
      .default(['slipway.v1.>']),
    replicas: z.coerce.number().int().min(1).max(5).default(1),
    /** Messages are deleted after this time, read or not. */
    maxAgeMs: millis(1_000, 366 * DAY_MS).default(7 * DAY_MS),
    /** Bound on the stored bytes; beyond it the oldest are deleted. -1 leaves it to the account's limit. */
    maxBytes: z.coerce.number().int().min(-1).default(-1),
    deduplicationWindowMs: millis(1_000, 7 * DAY_MS).default(7_200_000),
    /** Change an existing stream to these settings; otherwise a difference stops the start. */
    updateStream: z.union([z.boolean(), z.stringbool()]).default(false),
    messageBytesMax: z.coerce
      .number()
      .int()
      .min(1)
      .max(60 * 1024 * 1024)
      .default(896 * 1024),
    /** A publish that is not confirmed after this time has failed. */
    publishTimeoutMs: millis(100, 60_000).default(5_000),
    /** Unconfirmed messages of all publishers together. */
    publishWindow: z.coerce.number().int().min(1).max(16_384).default(512),
    /** A consumer with waiting messages that delivers none for this time is asked again from scratch. */
    watchdogMs: millis(200, 600_000).default(15_000),
    /** Longest wait between attempts to reach the broker again. */
    reconnectDelayMsMax: millis(50, 60_000).default(5_000),
  })
  .refine((s) => s.maxAgeMs >= s.deduplicationWindowMs, {
    path: ['deduplicationWindowMs'],
    message: 'must not exceed maxAgeMs',
  })
  .refine((s) => (s.user === undefined) === (s.password === undefined), {
    path: ['password'],
    message: 'user and password come together',
  })
  .refine((s) => [s.credentialsFile, s.user, s.token].filter((way) => way !== undefined).length <= 1, {
    path: ['credentialsFile'],
    message: 'give one of credentialsFile, user and password, token',
  });

export type NatsEventBusConfig = Readonly<z.infer<typeof Settings>>;

/** @throws {Error} with every problem and its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): NatsEventBusConfig {
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `event-bus.nats.${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`settings of the NATS event bus are wrong: ${problems.join('; ')}`);
  }
  return Object.freeze(parsed.data);
}
