import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

/** A DuckDB of its own, with no code of ours around it. */
export interface Duckdb {
  sql(statement: string): Promise<readonly (readonly DuckDBValue[])[]>;
  close(): void;
}

/** In memory, bounded as our offline store is. @param spillDirectory for what does not fit. */
export async function openDuckdb(
  spillDirectory: string,
  { threads, memoryMebibytes }: { readonly threads: number; readonly memoryMebibytes: number },
): Promise<Duckdb> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memoryMebibytes}MiB`,
    temp_directory: spillDirectory,
  });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  return {
    sql: async (statement) => (await connection.run(statement)).getRows(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
