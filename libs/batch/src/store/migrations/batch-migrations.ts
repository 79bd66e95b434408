import type { MigrationLists } from '@slipway/persistence';
import { BatchPostgresql1, BatchSqlite1 } from './batch-0001.ts';

/** Schema of scoring jobs, oldest first; for composition. */
export const batchMigrations: MigrationLists = { sqlite: [BatchSqlite1], postgresql: [BatchPostgresql1] };
