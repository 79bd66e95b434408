import type { MigrationLists } from '@slipway/persistence';
import { RegistryPostgresql1 } from './registry-0001.postgresql.ts';
import { RegistrySqlite1 } from './registry-0001.sqlite.ts';
import { Registry2 } from './registry-0002.ts';
import { RegistryPostgresql3 } from './registry-0003.postgresql.ts';
import { RegistrySqlite3 } from './registry-0003.sqlite.ts';

/** Schema of the registry, oldest first; for composition. */
export const registryMigrations: MigrationLists = {
  sqlite: [RegistrySqlite1, Registry2, RegistrySqlite3],
  postgresql: [RegistryPostgresql1, Registry2, RegistryPostgresql3],
};
