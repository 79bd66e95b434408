import { afterAll, beforeAll } from 'vitest';
import { postgresDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { databaseHarness } from '../testing/database-harness.ts';
import { registryRaceSuite } from '../testing/registry-race-suite.ts';

describeWith(['postgresql'], 'registry store', () => {
  let databases: TestDatabases;
  beforeAll(async () => {
    databases = await postgresDatabases('registry');
  });
  afterAll(() => databases.stop());

  registryRaceSuite('PostgreSQL', (clock) => databaseHarness(databases, clock));
});
