import { afterAll, beforeAll } from 'vitest';
import { schemaSuite, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { databaseHarness } from '../testing/database-harness.ts';
import { registryRaceSuite } from '../testing/registry-race-suite.ts';
import { registrySearchSuite } from '../testing/registry-search-suite.ts';
import { registryStoreSuite } from '../testing/registry-store-suite.ts';
import { registryEntities } from './entities.ts';
import { registryMigrations } from './migrations/registry-migrations.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await sqliteDatabases();
});
afterAll(() => databases.stop());

schemaSuite('registry on SQLite', sqliteDatabases, { entities: registryEntities, migrations: registryMigrations });
registryStoreSuite('SQLite', (clock) => databaseHarness(databases, clock));
registrySearchSuite('SQLite', (clock) => databaseHarness(databases, clock));
registryRaceSuite('SQLite', (clock) => databaseHarness(databases, clock));
