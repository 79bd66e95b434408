import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk, type DuckDBValue } from '@duckdb/node-api';
import { parse } from 'node:path';
import type { DuckdbConfig } from './config.ts';
import { text } from './sql-text.ts';

const INTERRUPT_AGAIN_MS = 5;

/** Statements of one call, one after the other, on a connection of its own. */
export interface Session {
  readonly signal: AbortSignal;
  /** Rows of the last statement's result, all in memory: for small results and statements without one. */
  rows(sql: string, values?: readonly DuckDBValue[]): Promise<readonly (readonly DuckDBValue[])[]>;
  /** Rows of a result of any size, in parts of at most 2048. Nothing else may run in the session until it has ended. */
  stream(sql: string): AsyncGenerator<DuckDBDataChunk>;
}

/**
 * An in-memory DuckDB whose queries run on threads of its own. Statements cannot reach the network: extensions are neither installed nor
 * loaded, the file systems that would speak to one are in extensions, and the settings are locked.
 */
export class DuckdbEngine {
  readonly #config: DuckdbConfig;
  readonly #spillDirectory: string;
  #instance: DuckDBInstance | undefined;

  constructor(config: DuckdbConfig, spillDirectory: string) {
    this.#config = config;
    this.#spillDirectory = spillDirectory;
  }

  async open(): Promise<void> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${this.#config.memoryMebibytes}MiB`,
      threads: String(this.#config.threads),
      temp_directory: this.#spillDirectory,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
    });
    const connection = await instance.connect();
    // Text of a time without offset counts as UTC, on any machine; file names and orders hold while rows are written.
    for (const setting of [
      `TimeZone = 'UTC'`,
      `preserve_insertion_order = true`,
      `extension_directory = ${text(this.#spillDirectory)}`,
      `custom_extension_repository = ${text(this.#spillDirectory)}`,
      `allowed_directories = [${text(parse(this.#spillDirectory).root)}]`, // all of this machine's files, nothing else
      'enable_external_access = false',
    ])
      await connection.run(`SET GLOBAL ${setting}`);
    await connection.run('SET lock_configuration = true');
    connection.closeSync();
    this.#instance = instance;
  }

  /** Gives `work` a session that ends with it. @throws the signal's reason once it aborts, as soon as the running statement has stopped. */
  async session<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const connection = await this.#connect(signal);
    try {
      return await work(toSession(connection, signal));
    } finally {
      connection.closeSync();
    }
  }

  /** As `session`, for work that gives its results one by one. */
  async *streamSession<T>(signal: AbortSignal, work: (session: Session) => AsyncIterable<T>): AsyncGenerator<T> {
    const connection = await this.#connect(signal);
    try {
      yield* work(toSession(connection, signal));
    } finally {
      connection.closeSync();
    }
  }

  close(): void {
    this.#instance?.closeSync();
    this.#instance = undefined;
  }

  async #connect(signal: AbortSignal): Promise<DuckDBConnection> {
    signal.throwIfAborted();
    if (!this.#instance) throw new Error('the DuckDB engine is not open');
    return this.#instance.connect();
  }
}

function toSession(connection: DuckDBConnection, signal: AbortSignal): Session {
  const guard = <T>(call: () => Promise<T>): Promise<T> => interruptible(connection, signal, call);
  return {
    signal,
    rows: (sql, values) =>
      guard(async () => {
        const result = await connection.run(sql, values && [...values]);
        return result.getRows();
      }),
    stream: async function* (sql) {
      const result = await guard(() => connection.stream(sql));
      for (;;) {
        const chunk = await guard(() => result.fetchChunk());
        if (!chunk || chunk.rowCount === 0) return;
        yield chunk;
      }
    },
  };
}

/** Interrupts again and again once the signal aborts: an interrupt that comes just before DuckDB starts a statement is forgotten. */
async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    connection.interrupt();
    timer ??= setInterval(() => connection.interrupt(), INTERRUPT_AGAIN_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const result = await call();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', stop);
  }
}
