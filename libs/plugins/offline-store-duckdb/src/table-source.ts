import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, type ColumnSpec, type IdSource, type LocalTable } from '@slipway/plugin-kit';
import { castTo } from './casting.ts';
import { readCsvHeader } from './csv-header.ts';
import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { parquetColumns, type FileColumn } from './parquet-schema.ts';
import { inputPath, numbered, outputPath, text } from './sql-text.ts';

/** Longest record of a CSV file. DuckDB reads in blocks of 16 times as much, several at a time and all within the memory that calls share. */
const RECORD_BYTES_MAX = 1024 * 1024;

/** Rows of a file whose columns are called `p0`, `p1`, ... by their place and whose row number, from 0 in the order of the file, is `rn`. */
export interface TableSource {
  readonly file: string;
  readonly columns: readonly FileColumn[];
  /** A relation for a FROM clause. */
  readonly relation: string;
}

/**
 * Runs `work` over a file from outside. A CSV file is first turned into Parquet, all text, in the work directory: so the number of a row is its
 * place in the file whatever the number of threads, and the text is split only once however often the rows are read.
 * @throws {InvalidArgumentError} naming the file when it cannot be read.
 */
export async function withTable<T>(
  session: Session,
  table: LocalTable,
  place: { workDirectory: string; ids: IdSource },
  work: (source: TableSource) => Promise<T>,
): Promise<T> {
  const opened = openTable(session, table, place);
  try {
    return await work(await opened.source());
  } catch (error) {
    throw fromDuckdb(error, { field: 'file', paths: [table.file] });
  } finally {
    await opened.close();
  }
}

/** As `withTable`, for work that gives its results one by one. */
export async function* streamTable<T>(
  session: Session,
  table: LocalTable,
  place: { workDirectory: string; ids: IdSource },
  work: (source: TableSource) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const opened = openTable(session, table, place);
  try {
    yield* work(await opened.source());
  } catch (error) {
    throw fromDuckdb(error, { field: 'file', paths: [table.file] });
  } finally {
    await opened.close();
  }
}

function openTable(session: Session, { file, format }: LocalTable, place: { workDirectory: string; ids: IdSource }) {
  const staged = format === 'csv' ? join(place.workDirectory, `${place.ids.next()}.parquet`) : undefined;
  return {
    source: async (): Promise<TableSource> => {
      await assertFile(file);
      const columns = staged
        ? await stageCsv(session, file, staged)
        : (await parquetColumns(session, [file], 'file')).get(file);
      return toSource(file, staged ?? file, columns ?? []);
    },
    close: async (): Promise<void> => {
      if (staged) await rm(staged, { force: true });
    },
  };
}

/** @throws {InvalidArgumentError} naming column and file when the file has no such column or one that cannot be read as `type`. */
export function columnOf(
  source: TableSource,
  name: string,
  type: ColumnSpec['type'],
): { readonly value: string; readonly cast: string } {
  const index = source.columns.findIndex((column) => column.name === name);
  const column = source.columns[index];
  if (!column) throw InvalidArgumentError.of(name, `'${source.file}' has no column '${name}'; ${namesOf(source)}`);
  const cast = castTo(type, column.duckdbType);
  if (!cast) {
    throw InvalidArgumentError.of(
      name,
      `column '${name}' of '${source.file}' has type ${column.duckdbType}, which cannot be read as ${type}`,
    );
  }
  return { value: `p${index}`, cast: cast(`p${index}`) };
}

const namesOf = (source: TableSource): string =>
  `it has ${source.columns
    .slice(0, 50)
    .map((column) => `'${column.name}'`)
    .join(', ')}`;

function toSource(file: string, parquet: string, columns: readonly FileColumn[]): TableSource {
  const names = numbered('p', columns.length);
  const options = `hive_partitioning = false, filename = false`;
  const numbering = `read_parquet(${inputPath(parquet)}, file_row_number = true, ${options}) AS t(${[...names, 'rn'].join(', ')})`;
  // A staged file begins with the names: a line break in one of them misleads the CSV reader when it is to skip them.
  if (parquet !== file)
    return { file, columns, relation: `(SELECT * REPLACE (rn - 1 AS rn) FROM ${numbering} WHERE rn > 0)` };
  // The reader cannot number the rows of a file that has a column of that name; counting them costs parallelism.
  const own = columns.some((column) => column.name.toLowerCase() === 'file_row_number');
  const relation = own
    ? `(SELECT *, row_number() OVER () - 1 AS rn FROM read_parquet(${inputPath(parquet)}, ${options}) AS t(${names.join(', ')}))`
    : numbering;
  return { file, columns, relation };
}

async function stageCsv(session: Session, file: string, staged: string): Promise<readonly FileColumn[]> {
  const { names, lineBreak } = await readCsvHeader(file);
  // Told '\r\n', DuckDB 1.5.5 finds a field too many at the end of a file; left to itself it takes the first line break, even one in quotes.
  const breaks = lineBreak === '\r\n' ? '' : ` new_line = ${text(lineBreak === '\n' ? '\\n' : '\\r')},`;
  if (lineBreak === '\r\n' && names.some((name) => /[\r\n]/.test(name)))
    throw InvalidArgumentError.of(
      'file',
      `'${file}' has a name with a line break in its header: end its records with \\n alone`,
    );
  const columns = numbered('p', names.length);
  const struct = columns.map((name) => `${text(name)}: 'VARCHAR'`).join(', ');
  const csv =
    `read_csv(${inputPath(file)}, auto_detect = false, header = false, columns = {${struct}}, delim = ',', quote = '"', escape = '"', ` +
    `nullstr = '', strict_mode = true,${breaks} compression = 'none', hive_partitioning = false, max_line_size = ${RECORD_BYTES_MAX})`;
  await session.rows(`COPY (SELECT * FROM ${csv}) TO ${outputPath(staged)} (FORMAT parquet, COMPRESSION snappy)`);
  return names.map((name) => ({ name, duckdbType: 'VARCHAR' }));
}

async function assertFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw InvalidArgumentError.of('file', `'${file}' cannot be read: ${error.code}`, { cause: error });
  });
  if (!found.isFile()) throw InvalidArgumentError.of('file', `'${file}' is not a file`);
}
