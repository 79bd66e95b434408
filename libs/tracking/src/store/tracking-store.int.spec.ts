import { afterAll, beforeAll } from 'vitest';
import { postgresDatabases, schemaSuite, type TestDatabases } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { databaseHarness } from '../testing/tracking-harness.ts';
import { trackingHistorySuite } from '../testing/tracking-history-suite.ts';
import { loggedModelSuite } from '../testing/logged-model-suite.ts';
import { multipartSuite } from '../testing/multipart-suite.ts';
import { trackingSearchSuite } from '../testing/tracking-search-suite.ts';
import { trackingStoreSuite } from '../testing/tracking-store-suite.ts';
import { trackingEntities } from './entities.ts';
import { trackingMigrations } from './migrations/tracking-migrations.ts';

describeWith(['postgresql'], 'tracking store', () => {
  let databases: TestDatabases;
  beforeAll(async () => {
    databases = await postgresDatabases('tracking');
  });
  afterAll(() => databases.stop());

  schemaSuite('tracking on PostgreSQL', () => postgresDatabases(), {
    entities: trackingEntities,
    migrations: trackingMigrations,
  });
  multipartSuite('PostgreSQL', () => databases);
  trackingStoreSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
  trackingSearchSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
  loggedModelSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
  trackingHistorySuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
});
