import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

/** Runs a query and writes its rows as Parquet. */
export async function writeRows(query: string, file: string): Promise<void> {
  await withDuckdb((run) => run(`copy (${query}) to '${file}' (format parquet)`));
}

/** Rows of a query, e.g. over a Parquet file. */
export const readRows = (query: string): Promise<readonly (readonly DuckDBValue[])[]> =>
  withDuckdb((run) => run(query));

async function withDuckdb<T>(
  work: (run: (sql: string) => Promise<readonly (readonly DuckDBValue[])[]>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.run(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A query of `rows` distinct rows: id, origin, scheduled_at, f0 to f6. The same for the same seed. */
export const sampleQuery = (rows: number, seed = 0.25): string =>
  `select range as id, 'A' || (range % 300) as origin, timestamp '2001-05-01' + to_seconds(range) as scheduled_at,
   ${[0, 1, 2, 3, 4, 5, 6].map((at) => `((hash(range, ${at}, ${seed}) % 1000003)::double / 1000.003) as f${at}`).join(', ')} from range(${rows})`;
