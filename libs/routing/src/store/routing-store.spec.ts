import { schemaSuite, sqliteDatabases } from '@slipway/persistence/testing';
import { routingStoreSuite } from '../testing/routing-store-suite.ts';
import { routingEntities } from './entities.ts';
import { routingMigrations } from './migrations/routing-migrations.ts';

schemaSuite('routing on SQLite', sqliteDatabases, { entities: routingEntities, migrations: routingMigrations });
routingStoreSuite('SQLite', sqliteDatabases);
