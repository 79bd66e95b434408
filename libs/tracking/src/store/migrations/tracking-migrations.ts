import type { MigrationLists } from '@slipway/persistence';
import { TrackingPostgresql1 } from './tracking-0001.postgresql.ts';
import { TrackingSqlite1 } from './tracking-0001.sqlite.ts';
import { Tracking2 } from './tracking-0002.ts';
import { TrackingPostgresql3 } from './tracking-0003.postgresql.ts';
import { TrackingSqlite3 } from './tracking-0003.sqlite.ts';
import { TrackingPostgresql4 } from './tracking-0004.postgresql.ts';
import { TrackingSqlite4 } from './tracking-0004.sqlite.ts';

/** Schema of tracking, oldest first; for composition. */
export const trackingMigrations: MigrationLists = {
  sqlite: [TrackingSqlite1, Tracking2, TrackingSqlite3, TrackingSqlite4],
  postgresql: [TrackingPostgresql1, Tracking2, TrackingPostgresql3, TrackingPostgresql4],
};
