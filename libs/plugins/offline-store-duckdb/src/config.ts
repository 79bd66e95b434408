import { z } from 'zod';

const DuckdbSettings = z.strictObject({
  memoryMebibytes: z.coerce
    .number()
    .int()
    .min(128)
    .max(1_048_576)
    .default(768)
    .describe('What all queries together may hold in memory; beyond it they spill to the data directory.'),
  threads: z.coerce.number().int().min(1).max(256).default(2).describe('Cores that all queries together use.'),
  cacheMebibytes: z.coerce
    .number()
    .int()
    .min(1)
    .max(16_777_216)
    .default(4096)
    .describe('Disk for indexes of feature views that speed up repeated joins; the least recently used go first.'),
});

/** Settings of the DuckDB offline store. */
export interface DuckdbConfig {
  readonly memoryMebibytes: number;
  readonly threads: number;
  readonly cacheMebibytes: number;
}

/** @throws {Error} that lists every problem with the name of its setting. */
export function readDuckdbConfig(raw: Readonly<Record<string, unknown>>): DuckdbConfig {
  const parsed = DuckdbSettings.safeParse(raw);
  if (!parsed.success) throw new Error(`offlineStore.duckdb: ${z.prettifyError(parsed.error)}`);
  const { memoryMebibytes, threads, cacheMebibytes } = parsed.data;
  return Object.freeze({ memoryMebibytes, threads, cacheMebibytes });
}
