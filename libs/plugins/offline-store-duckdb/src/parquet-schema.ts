import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { inputPath } from './sql-text.ts';

/** A column of a file, its name exactly as the file has it. */
export interface FileColumn {
  readonly name: string;
  /** DuckDB's type; `NESTED` for lists, structs and maps. */
  readonly duckdbType: string;
}

/** Columns of each file, in their order. @throws {InvalidArgumentError} for a file that is not Parquet. */
export async function parquetColumns(
  session: Session,
  files: readonly string[],
  field: string,
): Promise<ReadonlyMap<string, readonly FileColumn[]>> {
  const columns = new Map<string, readonly FileColumn[]>();
  for (const file of files) {
    try {
      const rows = await session.rows(
        `SELECT name, duckdb_type, num_children FROM parquet_schema(${inputPath(file)}) ORDER BY column_id`,
      );
      columns.set(
        file,
        topLevel(
          rows.map(([name, type, children]) => [
            String(name),
            type === null ? '' : String(type),
            Number(children ?? 0),
          ]),
        ),
      );
    } catch (error) {
      throw fromDuckdb(error, { field, paths: [file] });
    }
  }
  return columns;
}

/** Parquet lists a schema as a tree in depth-first order; the first element is the root. */
function topLevel(elements: readonly (readonly [string, string, number])[]): readonly FileColumn[] {
  const columns: FileColumn[] = [];
  let nested = 0; // elements still to come below a column that is not flat
  for (const [name, type, children] of elements.slice(1)) {
    if (nested > 0) nested += children - 1;
    else {
      columns.push({ name, duckdbType: children > 0 ? 'NESTED' : type });
      nested = children;
    }
  }
  return columns;
}
