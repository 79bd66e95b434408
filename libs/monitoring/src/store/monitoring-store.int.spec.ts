import { postgresDatabases, schemaSuite } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { monitoringStoreSuite } from '../testing/monitoring-store-suite.ts';
import { monitoringEntities } from './entities.ts';
import { monitoringMigrations } from './migrations/monitoring-migrations.ts';

describeWith(['postgresql'], 'monitoring store', () => {
  const parts = { entities: monitoringEntities, migrations: monitoringMigrations };
  schemaSuite('monitoring on PostgreSQL', () => postgresDatabases(), parts);
  monitoringStoreSuite('PostgreSQL', () => postgresDatabases());
});
