import { createIdSource, seededRandom, silentLogger, systemClock, type Caller, type Clock } from '@slipway/kernel';
import { startPostgres, temporaryDirectory, type PostgresServer } from '@slipway/testing';
import { join } from 'node:path';
import type { EntitySchema } from '@mikro-orm/core';
import { openDatabase, type Database, type DatabaseTarget } from '../database/open-database.ts';
import type { MigrationLists } from '../database/migration.ts';
import { createUnitOfWork, type UnitOfWorkDependencies } from '../unit-of-work/create-unit-of-work.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';

/** Databases for the tests of one file: a file or a server, and a fresh database for each call of `fresh`. */
export interface TestDatabases {
  readonly driver: DatabaseTarget['driver'];
  fresh(): Promise<DatabaseTarget>;
  stop(): Promise<void>;
}

/** Fresh SQLite files in one temporary directory. */
export function sqliteDatabases(): Promise<TestDatabases> {
  const directory = temporaryDirectory('slipway-sqlite-');
  let count = 0;
  return Promise.resolve({
    driver: 'sqlite',
    fresh: () => Promise.resolve({ driver: 'sqlite', file: join(directory.path, `${(count += 1)}.db`) }),
    stop: () => Promise.resolve(directory.remove()),
  });
}

/** Fresh databases on one PostgreSQL server that this call starts. Everything is in the schema `public` unless a test names another. */
export async function postgresDatabases(schema = 'public'): Promise<TestDatabases & { server: PostgresServer }> {
  const server = await startPostgres();
  return {
    driver: 'postgresql',
    server,
    fresh: async () => ({ driver: 'postgresql', url: await server.createDatabase(), schema, poolMax: 8 }),
    stop: () => server.stop(),
  };
}

export const NO_MIGRATIONS: MigrationLists = { sqlite: [], postgresql: [] };

/** A caller for tests, with all permissions. */
export const testCaller = (workspace = 'default', principal = 'alice'): Caller => ({
  principal,
  workspace,
  allWorkspaces: false,
  permissions: new Set(['*']),
});

/** An open database with a unit of work, its ids and retries made from a seed. */
export async function openTestDatabase(
  target: DatabaseTarget,
  options: {
    entities?: readonly EntitySchema[];
    migrations?: MigrationLists;
    clock?: Clock;
    seed?: number;
    transactionTimeoutMs?: number;
  } & Pick<UnitOfWorkDependencies, 'onEvents' | 'atStep'> = {},
): Promise<{ database: Database; unitOfWork: UnitOfWork }> {
  const { entities = [], migrations = NO_MIGRATIONS, clock = systemClock, seed = 1, ...rest } = options;
  const settings = { entities, migrations, clock, log: silentLogger };
  const timeout = rest.transactionTimeoutMs === undefined ? {} : { transactionTimeoutMs: rest.transactionTimeoutMs };
  const database = await openDatabase(target, { ...settings, ...timeout });
  const random = seededRandom(seed);
  const unitOfWork = createUnitOfWork({ database, ids: createIdSource(clock, random), random, ...rest });
  return { database, unitOfWork };
}
