import { postgresDatabases, schemaSuite } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { routingStoreSuite } from '../testing/routing-store-suite.ts';
import { routingEntities } from './entities.ts';
import { routingMigrations } from './migrations/routing-migrations.ts';

describeWith(['postgresql'], 'routing store', () => {
  const parts = { entities: routingEntities, migrations: routingMigrations };
  schemaSuite('routing on PostgreSQL', () => postgresDatabases(), parts);
  routingStoreSuite('PostgreSQL', () => postgresDatabases());
});
