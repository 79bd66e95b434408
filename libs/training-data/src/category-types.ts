import type { DuckDBConnection } from '@duckdb/node-api';
import { refuse, type TrainingColumnSpec } from './column-plan.ts';
import { parquet, quoted } from './session.ts';

/** One-hot columns beyond this are a mistake (an id, a time as text); a category is 50 bytes or so here and again in the model. */
const CATEGORIES_MAX = 100_000;

/**
 * Makes an enumeration type of SQL whose codes are the positions of the column's categories, so that DuckDB does the lookups.
 * @returns the categories, in the order of their codes.
 * @throws {InvalidArgumentError} when there are too many, or none.
 */
export async function createCategoryType(
  connection: DuckDBConnection,
  file: string,
  type: string,
  spec: TrainingColumnSpec,
): Promise<readonly string[]> {
  const categories = spec.categories ?? (await distinctValues(connection, file, spec));
  if (categories.length === 0) throw refuse(`columns.${spec.name}`, 'has no value in any row');
  if (categories.length > CATEGORIES_MAX) {
    throw refuse(`columns.${spec.name}`, `has more than ${CATEGORIES_MAX} different values`);
  }
  await createEnumType(connection, type, categories);
  return categories;
}

/** Through a table, because an enumeration in the text of a statement could hold no NUL. */
export async function createEnumType(
  connection: DuckDBConnection,
  type: string,
  categories: readonly string[],
): Promise<void> {
  const table = `${type}_values`;
  await connection.run(`create temp table ${table} (position integer, category varchar)`);
  const appender = await connection.createAppender(table);
  for (const [position, category] of categories.entries()) {
    appender.appendInteger(position);
    appender.appendVarchar(category);
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(`create type ${type} as enum (select category from ${table} order by position)`);
}

/** DuckDB compares texts byte by byte, which for UTF-8 is by code point. One more than allowed, at most. */
async function distinctValues(
  connection: DuckDBConnection,
  file: string,
  { name, nulls }: TrainingColumnSpec,
): Promise<readonly string[]> {
  const values = `select distinct ${quoted(name)}::varchar as category from ${parquet(file)} where ${quoted(name)} is not null`;
  const all = nulls === undefined ? values : `${values} union select $nulls::varchar`;
  const read = await connection.runAndReadAll(
    `select category from (select category from (${all}) limit ${CATEGORIES_MAX + 1}) order by category`,
    nulls === undefined ? undefined : { nulls },
  );
  return (read.getColumnsJS()[0] ?? []) as string[];
}
