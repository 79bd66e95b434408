import type { MigrationLists } from '@slipway/persistence';
import { FeaturesPostgresql1, FeaturesSqlite1 } from './features-0001.ts';
import { FeaturesPostgresql2, FeaturesSqlite2 } from './features-0002.ts';

/** Schema of the feature store, oldest first; for composition. */
export const featureMigrations: MigrationLists = {
  sqlite: [FeaturesSqlite1, FeaturesSqlite2],
  postgresql: [FeaturesPostgresql1, FeaturesPostgresql2],
};
