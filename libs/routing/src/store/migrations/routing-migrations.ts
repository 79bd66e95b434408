import type { MigrationLists } from '@slipway/persistence';
import { RoutingPostgresql1, RoutingSqlite1 } from './routing-0001.ts';

/** Schema of the router, oldest first; for composition. */
export const routingMigrations: MigrationLists = { sqlite: [RoutingSqlite1], postgresql: [RoutingPostgresql1] };
