import { schemaSuite, sqliteDatabases } from '@slipway/persistence/testing';
import { featureStoreSuite } from '../testing/feature-store-suite.ts';
import { scoringStoreSuite } from '../testing/scoring-store-suite.ts';
import { featureEntities } from './entities.ts';
import { featureMigrations } from './migrations/feature-migrations.ts';

schemaSuite('features on SQLite', sqliteDatabases, { entities: featureEntities, migrations: featureMigrations });
featureStoreSuite('SQLite', sqliteDatabases);
scoringStoreSuite('SQLite', sqliteDatabases);
