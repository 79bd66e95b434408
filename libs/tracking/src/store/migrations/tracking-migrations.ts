import type { MigrationLists } from '@slipway/persistence';
import { TrackingPostgresql1 } from './tracking-0001.postgresql.ts';
import { TrackingSqlite1 } from './tracking-0001.sqlite.ts';
import { Tracking2 } from './tracking-0002.ts';

/** Schema of tracking, oldest first; for composition. */
export const trackingMigrations: MigrationLists = {
  sqlite: [TrackingSqlite1, Tracking2],
  postgresql: [TrackingPostgresql1, Tracking2],
};
