import { afterAll, beforeAll } from 'vitest';
import { schemaSuite, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { databaseHarness } from '../testing/tracking-harness.ts';
import { trackingHistorySuite } from '../testing/tracking-history-suite.ts';
import { loggedModelSuite } from '../testing/logged-model-suite.ts';
import { trackingSearchSuite } from '../testing/tracking-search-suite.ts';
import { trackingStoreSuite } from '../testing/tracking-store-suite.ts';
import { trackingEntities } from './entities.ts';
import { trackingMigrations } from './migrations/tracking-migrations.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await sqliteDatabases();
});
afterAll(() => databases.stop());

schemaSuite('tracking on SQLite', sqliteDatabases, { entities: trackingEntities, migrations: trackingMigrations });
trackingStoreSuite('SQLite', (clock) => databaseHarness(databases, clock));
trackingSearchSuite('SQLite', (clock) => databaseHarness(databases, clock));
trackingHistorySuite('SQLite', (clock) => databaseHarness(databases, clock));
loggedModelSuite('SQLite', (clock) => databaseHarness(databases, clock));
