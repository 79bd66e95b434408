import { availableParallelism } from 'node:os';
import { z } from 'zod';

export interface ProcessLauncherConfig {
  /** Processes, and so attempts at once. */
  readonly workers: number;
  /** Between two signs of life of a worker that works. */
  readonly heartbeatMs: number;
  /** From the start of a process until it takes work. */
  readonly startMs: number;
  /** For a worker that was told to stop, before it is killed. */
  readonly graceMs: number;
  /** After which a process without work ends; the next attempt starts one again. */
  readonly idleMs: number;
}

const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const settings = z.strictObject({
  workers: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(() => Math.min(2, availableParallelism())),
  heartbeatMs: milliseconds(10, 60_000).default(500),
  startMs: milliseconds(100, 600_000).default(30_000),
  graceMs: milliseconds(0, 600_000).default(5_000),
  idleMs: milliseconds(100, 86_400_000).default(60_000),
});

/** @throws {Error} with every problem, each with the name of its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): ProcessLauncherConfig {
  const parsed = settings.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`);
  throw new Error(`launcher.process: ${problems.join('; ')}`);
}
