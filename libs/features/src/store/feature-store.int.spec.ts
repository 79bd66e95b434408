import { postgresDatabases, schemaSuite } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { featureStoreSuite } from '../testing/feature-store-suite.ts';
import { scoringStoreSuite } from '../testing/scoring-store-suite.ts';
import { featureEntities } from './entities.ts';
import { featureMigrations } from './migrations/feature-migrations.ts';

describeWith(['postgresql'], 'feature store', () => {
  const parts = { entities: featureEntities, migrations: featureMigrations };
  schemaSuite('features on PostgreSQL', () => postgresDatabases(), parts);
  featureStoreSuite('PostgreSQL', () => postgresDatabases());
  scoringStoreSuite('PostgreSQL', () => postgresDatabases());
});
