import type { MigrationLists } from '@slipway/persistence';
import { RegistryPostgresql1 } from './registry-0001.postgresql.ts';
import { RegistrySqlite1 } from './registry-0001.sqlite.ts';

/** Schema of the registry, oldest first; for composition. */
export const registryMigrations: MigrationLists = { sqlite: [RegistrySqlite1], postgresql: [RegistryPostgresql1] };
