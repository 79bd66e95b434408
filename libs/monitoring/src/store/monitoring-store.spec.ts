import { schemaSuite, sqliteDatabases } from '@slipway/persistence/testing';
import { monitoringStoreSuite } from '../testing/monitoring-store-suite.ts';
import { monitoringEntities } from './entities.ts';
import { monitoringMigrations } from './migrations/monitoring-migrations.ts';

const parts = { entities: monitoringEntities, migrations: monitoringMigrations };
schemaSuite('monitoring on SQLite', sqliteDatabases, parts);
monitoringStoreSuite('SQLite', sqliteDatabases);
