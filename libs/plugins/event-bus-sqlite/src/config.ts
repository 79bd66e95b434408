import { z } from 'zod';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const Settings = z.strictObject({
  /** Name of the database file within the driver's data directory. */
  fileName: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, 'use letters, digits, dot, dash and underscore, no directory')
    .default('events.db'),
  /** A second publish of an id is dropped for this long; JetStream's default of two minutes is shorter than many restarts. */
  deduplicationWindowMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(7 * DAY_MS)
    .default(2 * HOUR_MS),
  /** Every message is deleted after this time, read or not. */
  maxAgeMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(366 * DAY_MS)
    .default(7 * DAY_MS),
  /** A message that all durables have acknowledged is deleted after this time; a new durable still finds the younger ones. */
  acknowledgedMaxAgeMs: z.coerce
    .number()
    .int()
    .min(0)
    .max(366 * DAY_MS)
    .default(DAY_MS),
  /** Bound on the log; beyond it the oldest messages are deleted, read or not. */
  messagesMax: z.coerce.number().int().min(1_000).max(1_000_000_000).default(10_000_000),
  /** The same bound as NATS servers have by default, less room for headers, so that a message fits both buses. */
  messageBytesMax: z.coerce
    .number()
    .int()
    .min(1)
    .max(64 * 1024 * 1024)
    .default(896 * 1024),
  /** `process`: what was acknowledged survives the end of the process. `power`: also loss of power, at an fsync per commit. */
  durability: z.enum(['process', 'power']).default('process'),
  /** How often retention runs and, should a wake-up have been lost, messages are looked for. */
  maintenanceMs: z.coerce.number().int().min(10).max(3_600_000).default(5_000),
});

export type SqliteEventBusConfig = Readonly<z.infer<typeof Settings>>;

/** @throws {Error} with every problem and its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): SqliteEventBusConfig {
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `event-bus.sqlite.${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`settings of the embedded event bus are wrong: ${problems.join('; ')}`);
  }
  return Object.freeze(parsed.data);
}
