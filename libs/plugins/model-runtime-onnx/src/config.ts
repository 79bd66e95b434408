import { z } from 'zod';

/** How a graph is tried in a process of its own before this one loads it. */
export interface TrialConfig {
  /** From the start of the process to its answer. */
  readonly timeoutMs: number;
  /** Memory of the process on top of the model's own bytes, twice: it holds the file and what the runtime makes of it. */
  readonly memoryBytes: number;
}

export interface OnnxRuntimeConfig {
  /** `undefined`: load at once, for processes whose models somebody has tried already. */
  readonly trial: TrialConfig | undefined;
  /** Threads of one run. With more than 1 the pool is kept from spinning. */
  readonly threads: number;
}

const flag = z.union([z.boolean(), z.stringbool()]);

const settings = z.strictObject({
  /** Try each graph in a child process first. */
  trial: flag.default(true),
  /** Loading a graph of some hundred megabytes takes seconds. */
  trialTimeoutMs: z.coerce.number().int().min(100).max(600_000).default(30_000),
  /** Node itself takes about 100 MB of it. */
  trialMemoryMb: z.coerce.number().int().min(256).max(65_536).default(1024),
  /** One is best for small models: batching and processes use the other cores. */
  threads: z.coerce.number().int().min(1).max(64).default(1),
});

/** @throws {Error} with every problem, each with the name of its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): OnnxRuntimeConfig {
  const parsed = settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`);
    throw new Error(`model-runtime.onnx: ${problems.join('; ')}`);
  }
  const { trial, trialTimeoutMs, trialMemoryMb, threads } = parsed.data;
  return Object.freeze({
    trial: trial ? { timeoutMs: trialTimeoutMs, memoryBytes: trialMemoryMb * 1024 * 1024 } : undefined,
    threads,
  });
}
