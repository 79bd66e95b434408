import { describeWith } from '@slipway/testing';
import { Account, accountMigrations } from '../testing/ledger-entity.ts';
import { schemaSuite } from '../testing/schema-suite.ts';
import { postgresDatabases } from '../testing/test-databases.ts';

describeWith(['postgresql'], 'real server', () =>
  schemaSuite('PostgreSQL', () => postgresDatabases(), { entities: [Account], migrations: accountMigrations }),
);
