import { afterAll, beforeAll } from 'vitest';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { databaseHarness } from '../testing/database-harness.ts';
import { registryRaceSuite } from '../testing/registry-race-suite.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await sqliteDatabases();
});
afterAll(() => databases.stop());

registryRaceSuite('SQLite', (clock) => databaseHarness(databases, clock));
