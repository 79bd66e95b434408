import { InvalidArgumentError, type ColumnType, type ViewTable } from '@slipway/plugin-kit';
import { castTo, columnTypeOf, innerType } from './casting.ts';
import type { Session } from './engine.ts';
import { ARRIVAL, CREATED, EVENT } from './ingest.ts';
import { parquetColumns, type FileColumn } from './parquet-schema.ts';
import { identifier, inputPath } from './sql-text.ts';

/** A column of the source that features are made of. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** The source rows of a view, as SQL: `k<n>` keys, `ev`, `cr`, `kn` (known from) as microseconds, `ar`, and `s<n>` source columns. */
export interface ViewRows {
  readonly relation: string;
  readonly sources: readonly SourceColumn[];
}

/** Columns of the files that the features of a view are made of, each once; `s<n>` is the nth. */
export const sourceNames = (view: ViewTable): readonly string[] => [
  ...new Set(view.features.map(({ from }) => ('column' in from ? from.column : from.aggregation.column))),
];

/**
 * Rows with a null key are left out: they belong to no entity.
 * @throws {InvalidArgumentError} naming column and file when a file lacks a column or has one of another type than its fellows need.
 */
export async function readViewRows(session: Session, view: ViewTable): Promise<ViewRows> {
  const names = sourceNames(view);
  if (view.files.length === 0) return emptyRows(view, names);
  const schemas = await parquetColumns(session, view.files, view.name);
  const find = (name: string): FileType => fileType(view, schemas, name);
  const times = [EVENT, CREATED].map((name) => expression(view, name, 'timestamp', find(name)));
  const keys = view.keys.map(({ name, type }) => {
    const cast = expression(view, name, type, find(name));
    return type === 'number' ? `(${cast} + 0.0)` : cast; // one zero: both are equal but need not be found by their hash
  });
  const sources = names.map((name): SourceColumn => ({ name, type: columnTypeOf(find(name).duckdbType) ?? 'string' }));
  const columns = [
    ...keys.map((key, index) => `${key} AS k${index}`),
    `${times[0]} AS ev`,
    `${times[1]} AS cr`,
    `${expression(view, ARRIVAL, 'integer', find(ARRIVAL))} AS ar`,
    ...sources.map(({ name, type }, index) => `${expression(view, name, type, find(name))} AS s${index}`),
  ];
  const mixed = [...view.keys.map(({ name }) => name), ...names].some((name) => find(name).mixed);
  const relation =
    `(SELECT *, greatest(ev, cr) AS kn FROM (SELECT ${columns.join(', ')} ` +
    `FROM read_parquet([${view.files.map(inputPath).join(', ')}], hive_partitioning = false, union_by_name = ${mixed})) ` +
    `WHERE ${view.keys.map((_, index) => `k${index} IS NOT NULL`).join(' AND ')})`;
  return { relation, sources };
}

interface FileType {
  readonly duckdbType: string;
  /** Whether files differ in it. */
  readonly mixed: boolean;
}

/** Type of a column over all files: they may differ only as integer and number do. */
function fileType(view: ViewTable, schemas: ReadonlyMap<string, readonly FileColumn[]>, name: string): FileType {
  const types = view.files.map((file) => typeInFile(view, file, schemas.get(file) ?? [], name));
  const first = types[0] ?? 'VARCHAR';
  const odd = types.findIndex((type) => type !== first && !(NUMERIC.has(type) && NUMERIC.has(first)));
  if (odd < 0) return { duckdbType: types.includes('DOUBLE') ? 'DOUBLE' : first, mixed: new Set(types).size > 1 };
  const where = `'${view.files[odd]}' of view '${view.name}'`;
  throw InvalidArgumentError.of(name, `column '${name}' of ${where} has type ${types[odd]}, in earlier files ${first}`);
}

const NUMERIC: ReadonlySet<string> = new Set(['BIGINT', 'DOUBLE']);

function expression(view: ViewTable, name: string, type: ColumnType, { duckdbType }: FileType): string {
  const cast = castTo(type, duckdbType);
  if (cast) return cast(identifier(name));
  throw InvalidArgumentError.of(
    name,
    `column '${name}' of '${view.files[0]}' has type ${duckdbType}, which cannot be read as ${type}`,
  );
}

function typeInFile(view: ViewTable, file: string, columns: readonly FileColumn[], name: string): string {
  const column = columns.find((candidate) => candidate.name === name);
  if (!column) throw InvalidArgumentError.of(name, `'${file}' of view '${view.name}' has no column '${name}'`);
  if (columnTypeOf(column.duckdbType) !== undefined) return column.duckdbType;
  throw InvalidArgumentError.of(
    name,
    `column '${name}' of '${file}' has type ${column.duckdbType}, which no feature can have`,
  );
}

/** Without files nothing says what a column holds but the features made of it. */
function declaredType(view: ViewTable, name: string): ColumnType {
  const feature = view.features.find(({ from }) => 'column' in from && from.column === name);
  return feature?.type ?? 'number';
}

function emptyRows(view: ViewTable, names: readonly string[]): ViewRows {
  const sources = names.map((name): SourceColumn => ({ name, type: declaredType(view, name) }));
  const columns = [
    ...view.keys.map(({ type }, index) => `CAST(NULL AS ${innerType(type)}) AS k${index}`),
    ...['ev', 'cr', 'kn', 'ar'].map((name) => `CAST(NULL AS BIGINT) AS ${name}`),
    ...sources.map(({ type }, index) => `CAST(NULL AS ${innerType(type)}) AS s${index}`),
  ];
  return { relation: `(SELECT ${columns.join(', ')} WHERE false)`, sources };
}
