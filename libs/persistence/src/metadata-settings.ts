import { join } from 'node:path';
import { defineSettings, type Config } from '@slipway/platform';
import { z } from 'zod';
import type { DatabaseTarget } from './database/open-database.ts';

/** Where the services of a process keep their metadata. */
export const metadataSettings = defineSettings({
  'metadata.driver': {
    schema: z.enum(['sqlite', 'postgresql']),
    default: 'sqlite',
    doc: 'Database of metadata: sqlite (one file per service in the data directory) or postgresql (one schema per service).',
  },
  'metadata.url': {
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'is not a postgres:// address')
      .optional(),
    doc: 'Address of the PostgreSQL database, e.g. postgres://user:password@host:5432/slipway.',
    secret: true,
  },
  'metadata.pool-max': {
    schema: z.coerce.number().int().min(2).max(200),
    default: 10,
    doc: 'Connections to PostgreSQL per service of this process.',
  },
});

export type MetadataSettings = typeof metadataSettings;

/**
 * The database of one service. @param service e.g. `registry`; names the file or the schema.
 * @throws {Error} when postgresql is chosen without an address.
 */
export function metadataTarget(
  config: Config<typeof metadataSettings>,
  dataDirectory: string,
  service: string,
): DatabaseTarget {
  if (config.get('metadata.driver') === 'sqlite')
    return { driver: 'sqlite', file: join(dataDirectory, `${service}.sqlite`) };
  const url = config.get('metadata.url');
  if (url === undefined) throw new Error('metadata.url is required with metadata.driver=postgresql');
  return {
    driver: 'postgresql',
    url: url.reveal(),
    schema: `slipway_${service.replaceAll('-', '_')}`,
    poolMax: config.get('metadata.pool-max'),
  };
}
