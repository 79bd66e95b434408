import type { ColumnBatch, ColumnData, ColumnSpec } from '@slipway/plugin-kit';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { joinColumns, readColumn } from './column-data.ts';
import type { Session } from './engine.ts';

const BATCH_ROWS_MAX = 65_536;

/** The result of a statement with these columns, in parts of at most 65536 rows; timestamps are BIGINT. */
export async function* streamBatches(
  session: Session,
  statement: string,
  columns: readonly ColumnSpec[],
): AsyncGenerator<ColumnBatch> {
  let builder = new BatchBuilder(columns);
  for await (const chunk of session.stream(statement)) {
    if (builder.rows + chunk.rowCount > BATCH_ROWS_MAX) {
      yield builder.finish();
      builder = new BatchBuilder(columns);
    }
    builder.add(chunk);
  }
  if (builder.rows > 0) yield builder.finish();
}

/** Gathers parts of a result into one batch. */
class BatchBuilder {
  readonly #columns: readonly ColumnSpec[];
  readonly #chunks: (readonly ColumnData[])[] = [];
  rows = 0;

  constructor(columns: readonly ColumnSpec[]) {
    this.#columns = columns;
  }

  add(chunk: DuckDBDataChunk): void {
    this.#chunks.push(this.#columns.map(({ type }, index) => readColumn(chunk, index, type)));
    this.rows += chunk.rowCount;
  }

  finish(): ColumnBatch {
    const columns = this.#columns.map((column, index) => {
      const parts = this.#chunks.flatMap((chunk) => chunk[index] ?? []);
      return { ...column, data: joinColumns(column.type, this.rows, parts) };
    });
    return { rows: this.rows, columns };
  }
}
