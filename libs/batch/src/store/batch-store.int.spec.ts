import { postgresDatabases, schemaSuite } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { ledgerSuite } from '../testing/ledger-suite.ts';
import { batchEntities } from './entities.ts';
import { batchMigrations } from './migrations/batch-migrations.ts';

describeWith(['postgresql'], 'scoring jobs', () => {
  const parts = { entities: batchEntities, migrations: batchMigrations };
  schemaSuite('scoring jobs on PostgreSQL', () => postgresDatabases(), parts);
  ledgerSuite('PostgreSQL', () => postgresDatabases(), 30);
});
