import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DuckDBDataChunk, type DuckDBAppender, type DuckDBType } from '@duckdb/node-api';
import type { TrainingColumn, TrainingTable } from '@slipway/plugin-kit';
import { createEnumType } from './category-types.ts';
import { refuse } from './column-plan.ts';
import { copyTarget, quoted, withDatabase } from './session.ts';

/** Rows of one chunk of DuckDB. */
const CHUNK_ROWS = 2048;
/** Chunks between two turns of the event loop: a few milliseconds. */
const CHUNKS_PER_TURN = 16;

/**
 * Writes a table as one Parquet file, rows in order: numbers as DOUBLE with null for NaN, categories as their texts.
 * `readTrainingTable` gives the same columns back, but for categories that no row has.
 * @throws {InvalidArgumentError} TRAINING_DATA_INVALID on categories that are none, repeated, not valid Unicode or have a NUL character, and on names that differ by case only.
 * @param file path of a file to be; its folder also takes what does not fit in memory. Not atomic and not flushed: for a scratch folder.
 */
export function writeTrainingTable(
  { rows, columns }: Pick<TrainingTable, 'rows' | 'columns'>,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  if (new Set(columns.map(({ name }) => name.toLowerCase())).size !== columns.length) {
    // thrown where others are: as a rejection
    return Promise.reject(refuse('columns', 'has two names that differ by case only; Parquet readers mix them up'));
  }
  return withDatabase({ signal, scratch: dirname(file) }, async (connection) => {
    for (const [index, column] of columns.entries()) {
      if (column.kind !== 'categorical') continue;
      assertWritable(column);
      await createEnumType(connection, typeOf(index), column.categories);
    }
    const fields = columns.map(({ kind }, index) => `c${index} ${kind === 'numeric' ? 'double' : typeOf(index)}`);
    await connection.run(`create temp table written (${fields.join(', ')})`);
    const types = (await connection.run('select * from written limit 0')).columnTypes();
    const appender = await connection.createAppender('written');
    await append(appender, types, columns, rows, signal);
    appender.closeSync();
    const select = columns.map(selectOf).join(', ');
    await connection.run(`copy (select ${select} from written) to ${copyTarget(file)}`);
  });
}

/** DuckDB's enumerations, which carry the texts, are cut at a NUL on their way through Node, and must not have a value twice. */
function assertWritable({ name, categories }: Extract<TrainingColumn, { kind: 'categorical' }>): void {
  const field = `columns.${name}`;
  if (categories.length === 0) throw refuse(field, 'has an empty list of categories');
  if (new Set(categories).size !== categories.length) throw refuse(field, 'has a category twice');
  for (const category of categories) {
    if (category.includes('\0')) throw refuse(field, 'has a category with a NUL character; replace it');
    if (!category.isWellFormed()) throw refuse(field, 'has a category that is not valid Unicode');
  }
}

const typeOf = (index: number): string => `categories_${index}`;

const selectOf = ({ kind, name }: TrainingColumn, index: number): string =>
  `${kind === 'numeric' ? `case when isnan(c${index}) then null else c${index} end` : `c${index}::varchar`} as ${quoted(name)}`;

async function append(
  appender: DuckDBAppender,
  types: readonly DuckDBType[],
  columns: readonly TrainingColumn[],
  rows: number,
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const until = Math.min(from + CHUNK_ROWS, rows);
    const chunk = DuckDBDataChunk.create(types, until - from);
    for (const [index, column] of columns.entries()) {
      const vector = chunk.getColumnVector(index) as unknown as { items: Float64Array | Uint32Array; flush(): void };
      vector.items.set((column.kind === 'numeric' ? column.values : column.codes).subarray(from, until));
      vector.flush();
    }
    appender.appendDataChunk(chunk);
    if ((from / CHUNK_ROWS) % CHUNKS_PER_TURN === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
}
