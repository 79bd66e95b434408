import type { ColumnType } from '@slipway/plugin-kit';

/** A name of a column as an identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Rows `first` to `first + rows - 1` of a Parquet file, in their order; row groups outside are not read. */
export const rowsOf = (file: string, columns: readonly string[], first: number, rows: number): string =>
  `select ${columns.join(', ')} from read_parquet(${literal(file.replaceAll(/[[*?]/g, '[$&]'))}, file_row_number = true)
   where file_row_number >= ${first} and file_row_number < ${first + rows}`;

/** The path of a file to write. */
export const target = (file: string): string =>
  `${literal(file)} (format parquet, compression snappy, dictionary_size_limit 2000)`;

const SQL_TYPE: Readonly<Record<ColumnType, string>> = {
  string: 'varchar',
  integer: 'bigint',
  number: 'double',
  boolean: 'boolean',
  timestamp: 'timestamp',
};

export const typed = (name: string, type: ColumnType): string => `cast(${quoted(name)} as ${SQL_TYPE[type]})`;
