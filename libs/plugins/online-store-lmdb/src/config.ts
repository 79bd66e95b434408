import { z } from 'zod';

const Settings = z.strictObject({
  /** Bound on the pages that hold rows. The file may be twice as large: a transaction copies the pages that it changes. */
  mapSizeMebibytes: z.coerce.number().int().min(1).max(1_048_576).default(4_096),
  /** `process`: what was acknowledged survives the end of the process. `power`: also loss of power, at an fsync per commit. */
  durability: z.enum(['process', 'power']).default('process'),
});

export type LmdbConfig = Readonly<z.infer<typeof Settings>>;

/** As the settings are called in messages. */
export const MAP_SIZE_SETTING = 'online-store.lmdb.map-size-mebibytes';

/** @throws {Error} with every problem and its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): LmdbConfig {
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `online-store.lmdb.${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`settings of the embedded online store are wrong: ${problems.join('; ')}`);
  }
  return Object.freeze(parsed.data);
}
