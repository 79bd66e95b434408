import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** For DuckDB's own buffers: a row group of a wide file, a table to be written. */
const MEMORY = '512MB';

/**
 * A database in memory for one action, with no extensions from the network. An abort interrupts its statement.
 * @param scratch folder for what does not fit in memory; '' for none: the statement then fails.
 * @throws the signal's reason when it aborts.
 */
export async function withDatabase<Result>(
  { signal, scratch }: { readonly signal: AbortSignal; readonly scratch: string },
  action: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: MEMORY,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: scratch,
  });
  try {
    const connection = await instance.connect();
    const interrupt = (): void => connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      return await action(connection);
    } catch (error) {
      signal.throwIfAborted(); // an interrupted statement is the caller's doing, not a failure of the file
      throw error;
    } finally {
      signal.removeEventListener('abort', interrupt);
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** As an identifier of SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The file as a table of SQL. Its name is taken as it is: `[`, `*` and `?` would be patterns otherwise. */
export const parquet = (file: string): string => `read_parquet(${literal(file.replaceAll(/[[*?]/g, '[$&]'))})`;

/** `copy (...) to` takes the name as it is. */
export const copyTarget = (file: string): string => `${literal(file)} (format parquet, compression snappy)`;
