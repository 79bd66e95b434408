import { schemaSuite, sqliteDatabases } from '@slipway/persistence/testing';
import { ledgerSuite } from '../testing/ledger-suite.ts';
import { batchEntities } from './entities.ts';
import { batchMigrations } from './migrations/batch-migrations.ts';

schemaSuite('scoring jobs on SQLite', sqliteDatabases, { entities: batchEntities, migrations: batchMigrations });
ledgerSuite('SQLite', sqliteDatabases, 60);
