import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import type { TrainingColumn, TrainingTable } from '@slipway/plugin-kit';
import { createCategoryType } from './category-types.ts';
import { planColumns, refuse, type PlannedColumn, type TrainingColumnSpec } from './column-plan.ts';
import { parquet, quoted, withDatabase } from './session.ts';

export interface ReadTrainingTableOptions {
  /** In the order of the table. Without it: all columns of numbers, truth values and texts. */
  readonly columns?: readonly TrainingColumnSpec[];
  /** Content hash of the data, for the table's `id`. */
  readonly id: string;
  readonly signal: AbortSignal;
  /** Bound on the arrays of the result; 2 GiB by default, e.g. 20 million rows of 13 numeric columns. */
  readonly bytesMax?: number;
}

const BYTES_MAX = 2 * 1024 ** 3;
/** No column has so many categories. */
const IS_NULL = 0xfffffffe;
const IS_UNKNOWN = 0xffffffff;

/** A column with the array that its values go to, and the code that a row gets for a value without a category. */
interface Filling {
  readonly column: TrainingColumn;
  readonly target: Float64Array | Uint32Array;
  readonly sql: string;
  readonly spec: TrainingColumnSpec;
}

/**
 * Reads a Parquet file into typed arrays, rows in the order of the file. Truth values are 0 and 1; a number is rounded to the nearest float64; a
 * null number or time is NaN.
 * @param file path of one file on this machine; it must not change meanwhile.
 * @throws {InvalidArgumentError} TRAINING_DATA_INVALID naming `file`, or `columns.<name>` and for a bad value its first row (from 0).
 */
export function readTrainingTable(file: string, options: ReadTrainingTableOptions): Promise<TrainingTable> {
  return withDatabase({ signal: options.signal, scratch: '' }, async (connection) => {
    const plan = await planColumns(connection, file, options.columns);
    const rows = await countRows(connection, file);
    const bytes = plan.reduce((sum, { kind }) => sum + rows * (kind === 'categorical' ? 4 : 8), 0);
    const bytesMax = options.bytesMax ?? BYTES_MAX;
    if (bytes > bytesMax) {
      throw refuse('file', `'${file}' has ${rows} rows, ${bytes} bytes in memory, and ${bytesMax} is the most; name fewer columns or sample the rows`); // prettier-ignore
    }
    const fillings: Filling[] = [];
    for (const [index, column] of plan.entries()) fillings.push(await fillingOf(connection, file, column, rows, index));
    const select = fillings.map(({ sql }) => sql).join(', ');
    await fill(await connection.stream(`select ${select} from ${parquet(file)}`), fillings, rows, options.signal);
    await assertCoded(connection, file, fillings);
    return { rows, columns: fillings.map(({ column }) => column), id: options.id, file };
  });
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const counted = await connection.runAndReadAll(`select count(*)::double from ${parquet(file)}`);
  return Number(counted.getRowsJS()[0]?.[0] ?? 0);
}

async function fillingOf(
  connection: DuckDBConnection,
  file: string,
  planned: PlannedColumn,
  rows: number,
  index: number,
): Promise<Filling> {
  const { name, kind } = planned;
  if (kind !== 'categorical') {
    const values = new Float64Array(rows);
    const number = kind === 'time' ? `epoch_us(${quoted(name)})` : quoted(name);
    const sql = `coalesce(${number}::double, 'nan'::double)`;
    return { column: { name, kind: 'numeric', values }, target: values, sql, spec: { name } };
  }
  const { spec } = planned;
  const type = `categories_${index}`;
  const categories = await createCategoryType(connection, file, type, spec);
  const codes = new Uint32Array(rows);
  const at = (category: string | undefined, absent: number): number =>
    category === undefined ? absent : categories.indexOf(category);
  const text = `${quoted(name)}::varchar`;
  const instead = `case when ${quoted(name)} is null then ${at(spec.nulls, IS_NULL)} else ${at(spec.other, IS_UNKNOWN)} end`;
  const sql = `coalesce(enum_code(try_cast(${text} as ${type}))::uinteger, (${instead})::uinteger)`;
  return { column: { name, kind, categories, codes }, target: codes, sql, spec };
}

/** Copies the buffers of each chunk (2048 rows) as they are: the SQL has made them doubles and codes without nulls. */
async function fill(
  result: DuckDBResult,
  fillings: readonly Filling[],
  rows: number,
  signal: AbortSignal,
): Promise<void> {
  let filled = 0;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    signal.throwIfAborted();
    if (filled + chunk.rowCount > rows) break;
    for (const [index, { target }] of fillings.entries()) {
      // public in the JavaScript, private in the types
      const { items } = chunk.getColumnVector(index) as unknown as { items: Float64Array | Uint32Array };
      target.set(items.subarray(0, chunk.rowCount), filled);
    }
    filled += chunk.rowCount;
  }
  if (filled !== rows) throw refuse('file', `changed while it was read: ${rows} rows at first, then others`);
}

/** @throws {InvalidArgumentError} for the first column with a null or an unknown value, naming both. */
async function assertCoded(connection: DuckDBConnection, file: string, fillings: readonly Filling[]): Promise<void> {
  for (const { column, spec } of fillings) {
    if (column.kind !== 'categorical') continue;
    const { codes, categories, name } = column;
    const row = codes.findIndex((code) => code >= categories.length);
    if (row < 0) continue;
    if (codes[row] === IS_NULL) {
      throw refuse(`columns.${name}`, `is null in row ${row}; name a category for nulls, or leave such rows out`);
    }
    const read = await connection.runAndReadAll(
      `select ${quoted(spec.name)}::varchar from ${parquet(file)} limit 1 offset ${row}`,
    );
    const value = read.getRowsJS()[0]?.[0] as string | undefined;
    throw refuse(
      `columns.${name}`,
      `is '${value?.slice(0, 200)}' in row ${row}, which is none of its ${categories.length} categories`,
    );
  }
}
