import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
} from 'kysely';
import { DatabaseBusyError } from './database-errors.ts';

/** Prepared statements kept per connection; texts with inlined values are not kept, as they rarely repeat. */
const STATEMENTS_MAX = 256;
/** Callers that may wait for a connection; more than this means that the process is hopelessly behind. */
const WAITING_MAX = 10_000;

/** Waiting inside of SQLite, for the short locks of checkpoints and recovery. */
const NATIVE_TIMEOUT_MS = 200;
const BUSY_RETRY_MS = 10;
/** Below the 20 ms that the event loop may be held up under load. */
const YIELD_EVERY_MS = 5;

export interface SqliteDialectOptions {
  readonly file: string;
  /** Writers open one connection and begin IMMEDIATE, so that a transaction never fails half-way for want of the write lock. */
  readonly mode: 'write' | 'read';
  readonly connections: number;
  /** How long another process may hold the write lock before we give up. */
  readonly busyTimeoutMs: number;
}

/**
 * SQLite for Kysely with several connections to one file: one that writes, some that read beside it (WAL), each lent to one caller at a
 * time, in order of arrival.
 */
export class SqliteFileDialect extends SqliteDialect {
  readonly #options: SqliteDialectOptions;

  constructor(options: SqliteDialectOptions) {
    super({
      database: () => Promise.reject(new Error('connections are opened by SqliteFileDriver')),
    });
    this.#options = options;
  }

  override createDriver(): Driver {
    return new SqliteFileDriver(this.#options);
  }

  override createAdapter(): DialectAdapter {
    return new PooledSqliteAdapter();
  }
}

class PooledSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true; // the driver lends each connection to one caller
  }
}

class SqliteFileDriver implements Driver {
  readonly #options: SqliteDialectOptions;
  readonly #free: SqliteFileConnection[] = [];
  readonly #waiting: ((connection: SqliteFileConnection) => void)[] = [];
  readonly #all: SqliteFileConnection[] = [];
  #yieldedAt = 0;

  constructor(options: SqliteDialectOptions) {
    this.#options = options;
  }

  init(): Promise<void> {
    for (let index = 0; index < this.#options.connections; index += 1) {
      const connection = new SqliteFileConnection(openFile(this.#options));
      this.#all.push(connection);
      this.#free.push(connection);
    }
    return Promise.resolve();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    // Nothing in this driver waits for I/O: callers in a loop would keep timers and sockets of the process waiting for as long as they go on.
    if (performance.now() - this.#yieldedAt > YIELD_EVERY_MS) {
      await immediate();
      this.#yieldedAt = performance.now();
    }
    const connection = this.#free.pop();
    if (connection) return connection;
    if (this.#waiting.length >= WAITING_MAX) throw new DatabaseBusyError();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    const freed = connection as SqliteFileConnection;
    const next = this.#waiting.shift();
    if (next) next(freed);
    else this.#free.push(freed);
    return Promise.resolve();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#options.mode === 'read') return void (await connection.executeQuery(CompiledQuery.raw('begin')));
    const end = performance.now() + this.#options.busyTimeoutMs;
    for (;;) {
      try {
        return void (await connection.executeQuery(CompiledQuery.raw('begin immediate')));
      } catch (error) {
        const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
        if (!busy || performance.now() >= end) throw error;
        await delay(BUSY_RETRY_MS); // SQLite's own waiting would stop the event loop
      }
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`savepoint "${name}"`));
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`rollback to "${name}"`));
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`release "${name}"`));
  }

  destroy(): Promise<void> {
    for (const connection of this.#all) connection.close();
    return Promise.resolve();
  }
}

function openFile({ file, mode }: SqliteDialectOptions): Database.Database {
  const database = new Database(file, { timeout: NATIVE_TIMEOUT_MS });
  database.defaultSafeIntegers(true); // see narrowIntegers
  if (mode === 'write') {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL'); // survives kill -9; a power loss may take the last transactions, never the file
    database.pragma('foreign_keys = ON');
  } else {
    database.pragma('query_only = ON');
    database.pragma('cache_size = -16384'); // KiB: what searches look at again and again stays, instead of the usual 2 MiB
  }
  return database;
}

/** Integers are read as bigint, for nothing else is exact; those that a number holds exactly become one again, as the ORM expects of small columns. */
function narrowIntegers(rows: unknown[]): unknown[] {
  for (const row of rows as Record<string, unknown>[]) {
    for (const column in row) {
      const value = row[column];
      if (typeof value !== 'bigint') continue;
      const narrow = Number(value);
      if (Number.isSafeInteger(narrow)) row[column] = narrow;
    }
  }
  return rows;
}

class SqliteFileConnection implements DatabaseConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    try {
      const statement = this.#prepare(sql, parameters.length > 0);
      if (statement.reader) return Promise.resolve({ rows: narrowIntegers(statement.all(...parameters)) as Row[] });
      const { changes, lastInsertRowid } = statement.run(...parameters);
      return Promise.resolve({ rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.#database.prepare(sql).iterate(...parameters)) {
      yield await Promise.resolve({ rows: narrowIntegers([row]) as Row[] });
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string, keep: boolean): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    if (keep) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
