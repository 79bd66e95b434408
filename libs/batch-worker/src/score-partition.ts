import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { Scorer } from '@slipway/scoring';
import { ColumnBuffer } from './column-buffer.ts';
import { chunksOf } from './database.ts';
import { inputTruncated, RowScorer } from './row-scorer.ts';
import type { ScoringTask } from './scoring-task.ts';
import { quoted, rowsOf, typed } from './sql-text.ts';

/** Reads the rows of a partition and scores them, a few thousand at a time. */
export async function scorePartition(
  connection: DuckDBConnection,
  scorer: Scorer,
  task: ScoringTask,
  signal: AbortSignal,
): Promise<RowScorer> {
  const rows = new RowScorer(scorer, task);
  const names = [...new Map(task.features.map((feature) => [feature.name, feature])).values()];
  const buffers = names.map(({ type }) => new ColumnBuffer(type, task.batchRows));
  const bufferOf = task.features.map(({ name }) => names.findIndex((known) => known.name === name));
  const columns = names.map(({ name, type }) => typed(name, type));
  const checked = task.required.map((name) => `cast(${quoted(name)} is null as double)`);
  const required = task.required.map(() => new ColumnBuffer('number', task.batchRows));
  const all = [...buffers, ...required];
  let [done, held] = [0, 0];
  const flush = async (): Promise<void> => {
    for (const [index, buffer] of required.entries()) failMissing(rows, buffer, task.required[index] ?? '', done, held);
    const data = buffers.map((buffer) => buffer.data(held));
    await rows.score(bufferOf.map((at) => data[at] as (typeof data)[number]), done, held, signal); // prettier-ignore
    done += held;
    held = 0;
  };
  const take = async (chunk: DuckDBDataChunk): Promise<void> => {
    for (let from = 0; from < chunk.rowCount;) {
      const count = Math.min(chunk.rowCount - from, task.batchRows - held);
      for (const [column, buffer] of all.entries()) buffer.copy(chunk, column, from, held, count);
      from += count;
      held += count;
      if (held === task.batchRows) await flush();
    }
  };
  const selected = [...columns, ...checked];
  const sql = rowsOf(task.input, selected.length > 0 ? selected : ['file_row_number'], task.firstRow, task.rows);
  for await (const chunk of chunksOf(connection, sql)) {
    signal.throwIfAborted();
    if (done + held + chunk.rowCount > task.rows) throw inputTruncated(done + held + chunk.rowCount, task.rows);
    await take(chunk);
  }
  if (held > 0) await flush();
  if (done !== task.rows) throw inputTruncated(done, task.rows);
  return rows;
}

function failMissing(rows: RowScorer, buffer: ColumnBuffer, name: string, first: number, count: number): void {
  const { values } = buffer.data(count);
  for (let row = 0; row < count; row += 1) {
    if (values[row] !== 1 || rows.failures.has(first + row)) continue;
    rows.fail(first + row, { reason: 'REQUIRED_VALUE_MISSING', description: `has no value in '${name}'` });
  }
}
