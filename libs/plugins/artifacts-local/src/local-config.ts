import { isAbsolute } from 'node:path';
import { z } from 'zod';

const LocalSettings = z.strictObject({
  directory: z
    .string()
    .refine(isAbsolute, 'use an absolute path')
    .describe('Where the files are kept; processes that share artifacts name the same one.')
    .optional(),
  fsync: z
    .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
    .default(true)
    .describe('Survive power loss, not only the end of the process; false makes small writes several times faster.'),
});

/** Settings of the local artifact store. */
export interface LocalArtifactsConfig {
  /** Absolute; undefined means the data directory that the driver is handed. */
  readonly directory: string | undefined;
  readonly fsync: boolean;
}

/** @throws {Error} that lists every problem with the name of its setting. */
export function readLocalArtifactsConfig(raw: Readonly<Record<string, unknown>>): LocalArtifactsConfig {
  const parsed = LocalSettings.safeParse(raw);
  if (!parsed.success) throw new Error(`artifactStore.local: ${z.prettifyError(parsed.error)}`);
  return Object.freeze({ directory: parsed.data.directory, fsync: parsed.data.fsync });
}
