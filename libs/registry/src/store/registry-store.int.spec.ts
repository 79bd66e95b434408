import { afterAll, beforeAll } from 'vitest';
import { postgresDatabases, schemaSuite, type TestDatabases } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { databaseHarness } from '../testing/database-harness.ts';
import { registrySearchSuite } from '../testing/registry-search-suite.ts';
import { registryRaceSuite } from '../testing/registry-race-suite.ts';
import { registryStoreSuite } from '../testing/registry-store-suite.ts';
import { registryEntities } from './entities.ts';
import { registryMigrations } from './migrations/registry-migrations.ts';

describeWith(['postgresql'], 'registry store', () => {
  let databases: TestDatabases;
  beforeAll(async () => {
    databases = await postgresDatabases('registry');
  });
  afterAll(() => databases.stop());

  schemaSuite('registry on PostgreSQL', () => postgresDatabases(), {
    entities: registryEntities,
    migrations: registryMigrations,
  });
  registryStoreSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
  registrySearchSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
  registryRaceSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
});
