import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock, UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import { MikroORM, type EntityManager as CoreEntityManager, type EntitySchema } from '@mikro-orm/core';
import { defineConfig as definePostgresConfig } from '@mikro-orm/postgresql';
import { defineConfig as defineSqliteConfig, type AbstractSqlConnection, type EntityManager } from '@mikro-orm/sqlite';
import { Kysely } from 'kysely';
import { platformMigrations } from '../platform-schema/platform-migrations.ts';
import { isPlatformTable } from '../platform-schema/platform-tables.ts';
import { translateDatabaseError } from './database-errors.ts';
import { createSqlRunner, type Dialect, type RawTransaction } from './kysely-runner.ts';
import type { MigrationLists } from './migration.ts';
import { readMigrations, runMigrations } from './run-migrations.ts';
import type { SqlRunner } from './sql-runner.ts';
import { SqliteFileDialect } from './sqlite-dialect.ts';

export type DatabaseTarget =
  | { readonly driver: 'sqlite'; readonly file: string }
  | {
      readonly driver: 'postgresql';
      /** e.g. `postgres://user:password@host:5432/slipway`. */
      readonly url: string;
      /** Schema of this service alone; created when it is missing. Lower case letters, digits and `_`. */
      readonly schema: string;
      /** Bound on connections of this process; at least 2. */
      readonly poolMax: number;
    };

export interface DatabaseOptions {
  readonly entities: readonly EntitySchema[];
  readonly migrations: MigrationLists;
  readonly log: Logger;
  readonly clock?: Clock;
  /** A transaction that is still open after this time is rolled back, so that it cannot hold up all others. */
  readonly transactionTimeoutMs?: number;
}

/** One transaction: the ORM and plain SQL, on the same connection. */
export interface Session {
  readonly em: EntityManager;
  readonly sql: SqlRunner;
}

/** The metadata of one service. Everything but the platform's own components goes through the unit of work. */
export interface Database {
  readonly dialect: Dialect;
  /** For tools that need metadata and the schema generator; never for queries, which would run outside of any transaction. */
  readonly orm: MikroORM;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * One attempt at a writing transaction; commits when `work` resolves. Writers on SQLite run one after the other, in order of arrival.
   * @throws {ConflictError} to be repeated. @throws {UnavailableError} when the database is busy, slow or cannot be reached.
   */
  write<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** One snapshot; writes are refused. Runs beside writers. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  isHealthy(): Promise<boolean>;
  /** Waits for transactions that run, then closes all connections. Safe to call twice. */
  close(): Promise<void>;
}

const SQLITE_READERS = 4;
const SQLITE_BUSY_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;
const SCHEMA_PATTERN = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Opens the database and brings its schema up to date. SQLite: WAL, synchronous NORMAL, one writing connection and some for reading.
 * PostgreSQL: one schema, a bounded pool, statements that end by themselves.
 * @throws {UnavailableError} when it cannot be reached. @throws {FailedPreconditionError} when its schema is not ours.
 */
export async function openDatabase(target: DatabaseTarget, options: DatabaseOptions): Promise<Database> {
  const { log, clock = systemClock, transactionTimeoutMs = 30_000 } = options;
  const schema = target.driver === 'postgresql' ? target.schema : '';
  if (target.driver === 'postgresql' && !SCHEMA_PATTERN.test(schema)) {
    throw new RangeError(`not a schema name: '${schema}'; use lower case letters, digits and '_'`);
  }
  if (target.driver === 'sqlite') mkdirSync(dirname(target.file), { recursive: true });
  try {
    const orm = await createOrm(target, options.entities, transactionTimeoutMs);
    await orm.em.getConnection().connect(); // later it would wait for the one connection that a transaction holds
    const writer = (orm.em.getConnection() as unknown as AbstractSqlConnection).getClient() as unknown as RawKysely;
    const reader = target.driver === 'sqlite' ? createSqliteReader(target.file) : undefined;
    const database = new OpenDatabase(target.driver, orm, writer, reader, clock, log, transactionTimeoutMs);
    try {
      const scripts = await readMigrations(orm, [
        ...platformMigrations[target.driver],
        ...options.migrations[target.driver],
      ]);
      const tools = { dialect: target.driver, schema, clock, log };
      await database.write(({ sql }) => runMigrations(sql, scripts, tools));
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

type RawKysely = Kysely<Record<string, never>>;

const createSqliteReader = (file: string): RawKysely =>
  new Kysely({
    dialect: new SqliteFileDialect({
      file,
      mode: 'read',
      connections: SQLITE_READERS,
      busyTimeoutMs: SQLITE_BUSY_TIMEOUT_MS,
    }),
  });

async function createOrm(
  target: DatabaseTarget,
  entities: readonly EntitySchema[],
  timeoutMs: number,
): Promise<MikroORM> {
  const shared = {
    entities: [...entities],
    discovery: { warnWhenNoEntities: false },
    schemaGenerator: { skipTables: [isPlatformTable] },
    logger: () => undefined, // warnings about queries arrive as errors of the call that made them
  };
  const orm =
    target.driver === 'sqlite'
      ? await MikroORM.init({
          ...defineSqliteConfig({
            ...shared,
            dbName: target.file,
            driverOptions: () =>
              new SqliteFileDialect({
                file: target.file,
                mode: 'write',
                connections: 1,
                busyTimeoutMs: SQLITE_BUSY_TIMEOUT_MS,
              }),
          }),
        })
      : await MikroORM.init({
          ...definePostgresConfig({
            ...shared,
            clientUrl: target.url,
            pool: { min: 0, max: Math.max(2, target.poolMax) },
            driverOptions: {
              connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
              application_name: `slipway-${target.schema}`,
              options: [
                `-c search_path=${target.schema}`,
                `-c statement_timeout=${timeoutMs}`,
                // Later than our own: a connection that the server ends while we roll back is a race nobody wins.
                `-c idle_in_transaction_session_timeout=${timeoutMs + 10_000}`,
                '-c lock_timeout=10000',
              ].join(' '),
            },
          }),
        });
  return orm;
}

/** A rollback on a connection that has silently died would wait for the timeouts of TCP. */
const ROLLBACK_MS_MAX = 5_000;

const rejectAfter = (ms: number): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms).unref();
  });

class OpenDatabase implements Database {
  readonly dialect: Dialect;
  readonly orm: MikroORM;
  readonly clock: Clock;
  readonly log: Logger;
  readonly #writer: RawKysely;
  readonly #reader: RawKysely | undefined;
  readonly #timeoutMs: number;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(
    dialect: Dialect,
    orm: MikroORM,
    writer: RawKysely,
    reader: RawKysely | undefined,
    clock: Clock,
    log: Logger,
    timeoutMs: number,
  ) {
    this.dialect = dialect;
    this.orm = orm;
    this.#writer = writer;
    this.#reader = reader;
    this.clock = clock;
    this.log = log;
    this.#timeoutMs = timeoutMs;
  }

  write<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#track(async () => this.#transact(await this.#writer.startTransaction().execute(), work));
  }

  read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#track(async () => {
      const begin = this.#reader
        ? this.#reader.startTransaction()
        : this.#writer.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only');
      return this.#transact(await begin.execute(), work);
    });
  }

  async isHealthy(): Promise<boolean> {
    try {
      await this.read(({ sql }) => sql.all('select 1 as one'));
      return true;
    } catch {
      return false; // whatever the cause, the database does not answer
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#running);
      await this.#reader?.destroy();
      await this.orm.close(true);
    })();
    return this.#closing;
  }

  async #track<T>(start: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new UnavailableError('the database is closed', { reason: 'DATABASE_CLOSED' });
    const running = start();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      this.#running.delete(running);
    }
  }

  async #transact<T>(transaction: RawTransaction, work: (session: Session) => Promise<T>): Promise<T> {
    const em = this.orm.em.fork({ clear: true }) as CoreEntityManager as EntityManager;
    em.setTransactionContext(transaction);
    try {
      const result = await this.#withinTime(work({ em, sql: createSqlRunner(this.dialect, transaction) }));
      await transaction.commit().execute();
      return result;
    } catch (error) {
      if (!transaction.isCommitted && !transaction.isRolledBack) await this.#rollBack(transaction);
      throw error;
    } finally {
      em.clear();
    }
  }

  /** The first failure is the one that counts; a rollback fails when the connection is gone, and then there is nothing to roll back. */
  async #rollBack(transaction: RawTransaction): Promise<void> {
    try {
      await Promise.race([transaction.rollback().execute(), rejectAfter(ROLLBACK_MS_MAX)]);
    } catch (error) {
      this.log.debug({ error }, 'rollback failed');
    }
  }

  async #withinTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const text = `the transaction was open for more than ${this.#timeoutMs} ms`;
        reject(new UnavailableError(text, { reason: 'TRANSACTION_TIMEOUT' }));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
