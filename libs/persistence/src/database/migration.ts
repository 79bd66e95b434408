import type { Configuration } from '@mikro-orm/core';
import type { Migration } from '@mikro-orm/migrations';
import type { AbstractSqlDriver } from '@mikro-orm/sql';

/**
 * A migration class as `npm run migration:create` writes it. It must declare `override readonly name`: bundlers rename classes, and the name
 * is what the database remembers.
 */
export type MigrationClass = new (driver: AbstractSqlDriver, config: Configuration) => Migration;

/** Migrations of one service, oldest first, by database. Only appended to: an applied migration never changes. */
export interface MigrationLists {
  readonly sqlite: readonly MigrationClass[];
  readonly postgresql: readonly MigrationClass[];
}
