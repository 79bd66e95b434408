import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';
import { DataLossError, ExhaustedError, UnavailableError } from '@slipway/kernel';

/** For DuckDB's own buffers: a row group of a wide file, the outputs of one partition. */
const MEMORY = '512MB';

/** One thread: rows keep their order, and the other cores have workers of their own. */
export async function openDatabase(): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: MEMORY,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

/** @throws {DataLossError} INPUT_UNREADABLE. @throws {ExhaustedError} SCRATCH_FULL. @throws the signal's reason once it aborts. */
export async function withConnection<Result>(
  instance: DuckDBInstance,
  signal: AbortSignal,
  action: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    return await action(connection);
  } catch (error) {
    signal.throwIfAborted(); // an interrupted statement is the caller's doing
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
    connection.closeSync();
  }
}

/** Chunks of at most 2048 rows; the next one is fetched while the last one is worked with. */
export async function* chunksOf(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await guarded(connection.stream(sql), 'read');
  let next = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await guarded(next, 'read');
      if (!chunk || chunk.rowCount === 0) return;
      next = result.fetchChunk();
      yield chunk;
    }
  } finally {
    await next.catch(() => undefined); // whoever left early has its reason; the connection is closed after this
  }
}

/** The one place that turns errors of the engine into ours; it has no codes, only words. */
export async function guarded<Result>(call: Promise<Result>, doing: 'read' | 'write'): Promise<Result> {
  try {
    return await call;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/No space left|Disk quota/i.test(text)) {
      throw new ExhaustedError('the scratch directory is full', { reason: 'SCRATCH_FULL', cause });
    }
    if (doing === 'write') {
      throw new UnavailableError('the output could not be written', { reason: 'OUTPUT_NOT_WRITTEN', cause });
    }
    throw new DataLossError('the input is not a Parquet file with the columns of the plan', {
      reason: 'INPUT_UNREADABLE',
      cause,
    });
  }
}
