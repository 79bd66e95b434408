import { InvalidArgumentError, type RejectedRow } from '@slipway/plugin-kit';
import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { inputPath } from './sql-text.ts';

const ROWS_MAX = 10_000;

/** @see OfflineStore.readRejected */
export async function readRejected(
  session: Session,
  file: string,
  from: bigint,
  limit: number,
): Promise<readonly RejectedRow[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > ROWS_MAX)
    throw InvalidArgumentError.of('limit', `must be a whole number from 1 to ${ROWS_MAX}`);
  try {
    const rows = await session.rows(
      `SELECT "row", "names", "breaches", "values" FROM read_parquet(${inputPath(file)}, hive_partitioning = false) ` +
        `WHERE "row" >= ${from} ORDER BY "row" LIMIT ${limit}`,
    );
    return rows.map(([row, names, breaches, values]) =>
      toRejectedRow(BigInt(String(row)), [names, breaches, values].map(String)),
    );
  } catch (error) {
    throw fromDuckdb(error, { field: 'file', paths: [file] });
  }
}

function toRejectedRow(row: bigint, [names, breaches, values]: readonly string[]): RejectedRow {
  const texts = JSON.parse(values ?? '[]') as (string | null)[];
  const columns = JSON.parse(names ?? '[]') as string[];
  return {
    row,
    breaches: JSON.parse(breaches ?? '[]') as RejectedRow['breaches'],
    values: Object.fromEntries(columns.map((name, index) => [name, texts[index] ?? null])),
  };
}
