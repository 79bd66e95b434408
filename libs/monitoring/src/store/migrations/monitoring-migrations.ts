import type { MigrationLists } from '@slipway/persistence';
import { MonitoringPostgresql1, MonitoringSqlite1 } from './monitoring-0001.ts';

/** Schema of the monitor, oldest first; for composition. */
export const monitoringMigrations: MigrationLists = {
  sqlite: [MonitoringSqlite1],
  postgresql: [MonitoringPostgresql1],
};
