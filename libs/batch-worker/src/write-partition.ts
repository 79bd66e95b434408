import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIGINT, DOUBLE, DuckDBDataChunk, UTINYINT, VARCHAR, type DuckDBConnection, type DuckDBDoubleVector, type DuckDBUTinyIntVector } from '@duckdb/node-api'; // prettier-ignore
import { ExhaustedError, UnavailableError } from '@slipway/kernel';
import { guarded } from './database.ts';
import type { RowScorer } from './row-scorer.ts';
import { ERROR_COLUMNS, VERSION_COLUMN, type ScoringResult, type ScoringTask, type WrittenFile } from './scoring-task.ts'; // prettier-ignore
import { quoted, rowsOf, target, typed } from './sql-text.ts';

const CHUNK_ROWS = 2048;

/** Writes what a partition came to. Each file is complete, flushed, and has its name, or has another one. */
export async function writePartition(
  connection: DuckDBConnection,
  task: ScoringTask,
  scored: RowScorer,
  atStep: (step: 'copied' | 'renamed') => void,
): Promise<ScoringResult> {
  const failedRows = scored.failures.size;
  const rows = task.rows - failedRows;
  const values = rows === 0 ? undefined : await writeValues(task, scored);
  const output = rows === 0 ? undefined : await writeOutput(connection, task, scored, rows, atStep);
  const errors = failedRows === 0 ? undefined : await writeErrors(connection, task, scored);
  return { rows, failedRows, ...(output && { output }), ...(errors && { errors }), ...(values && { values }) };
}

async function writeOutput(
  connection: DuckDBConnection,
  task: ScoringTask,
  scored: RowScorer,
  rows: number,
  atStep: (step: 'copied' | 'renamed') => void,
): Promise<WrittenFile> {
  const outputs = task.outputs.map((_, index) => `output_${index}`);
  await appendScores(connection, task, scored, outputs);
  const passed = task.passthrough.map(({ name, type }, index) => `${typed(name, type)} as passed_${index}`);
  const named = [
    ...task.passthrough.map(({ name }, index) => `input.passed_${index} as ${quoted(name)}`),
    ...task.outputs.map((name, index) => `scores.output_${index} as ${quoted(name)}`),
    `cast(${task.model.version} as bigint) as ${quoted(VERSION_COLUMN)}`,
  ];
  const input = rowsOf(task.input, passed, task.firstRow, task.rows);
  const query = `select ${named.join(', ')} from (${input}) input positional join scores where scores.failed = 0`;
  return writeParquet(connection, query, task.folder, 'output.parquet', rows, atStep);
}

/** The scores as a table beside the rows of the partition, in their order. */
async function appendScores(
  connection: DuckDBConnection,
  task: ScoringTask,
  { values, failures }: RowScorer,
  outputs: readonly string[],
): Promise<void> {
  const width = outputs.length;
  await connection.run(
    `create or replace temp table scores (${['failed utinyint', ...outputs.map((name) => `${name} double`)].join(', ')})`,
  );
  const appender = await connection.createAppender('scores');
  try {
    for (let first = 0; first < task.rows; first += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, task.rows - first);
      const chunk = DuckDBDataChunk.create([UTINYINT, ...outputs.map(() => DOUBLE)], count);
      const flags = chunk.getColumnVector(0) as DuckDBUTinyIntVector;
      const failed = flags['items'];
      failed.fill(0, 0, count);
      if (failures.size > 0) for (let row = 0; row < count; row += 1) failed[row] = failures.has(first + row) ? 1 : 0;
      flags.flush();
      for (let index = 0; index < width; index += 1) {
        const vector = chunk.getColumnVector(index + 1) as DuckDBDoubleVector;
        const items = vector['items'];
        for (let row = 0; row < count; row += 1) items[row] = values[(first + row) * width + index] ?? 0;
        vector.flush();
      }
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
}

async function writeErrors(
  connection: DuckDBConnection,
  task: ScoringTask,
  { failures }: RowScorer,
): Promise<WrittenFile> {
  await connection.run(
    'create or replace temp table failures (row_number bigint, reason varchar, description varchar)',
  );
  const appender = await connection.createAppender('failures');
  try {
    const sorted = [...failures].sort(([left], [right]) => left - right);
    for (let first = 0; first < sorted.length; first += CHUNK_ROWS) {
      const part = sorted.slice(first, first + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR, VARCHAR], part.length);
      chunk.setColumns([
        part.map(([row]) => BigInt(task.firstRow + row)),
        part.map(([, { reason }]) => reason),
        part.map(([, { description }]) => description),
      ]);
      appender.appendDataChunk(chunk);
    }
  } finally {
    appender.closeSync();
  }
  const passed = task.passthrough.map(({ name, type }, index) => `${typed(name, type)} as passed_${index}`);
  const input = rowsOf(task.input, ['file_row_number as row_number', ...passed], task.firstRow, task.rows);
  const named = [
    ...task.passthrough.map(({ name }, index) => `input.passed_${index} as ${quoted(name)}`),
    `failures.row_number as ${quoted(ERROR_COLUMNS.row)}`,
    `failures.reason as ${quoted(ERROR_COLUMNS.reason)}`,
    `failures.description as ${quoted(ERROR_COLUMNS.description)}`,
  ];
  const query = `select ${named.join(', ')} from (${input}) input join failures using (row_number) order by row_number`;
  return writeParquet(connection, query, task.folder, 'errors.parquet', failures.size, () => undefined);
}

/** DuckDB leaves a file without its end when it is killed: so it writes under another name. */
async function writeParquet(
  connection: DuckDBConnection,
  query: string,
  folder: string,
  name: string,
  rows: number,
  atStep: (step: 'copied' | 'renamed') => void,
): Promise<WrittenFile> {
  const path = join(folder, name);
  await guarded(connection.run(`copy (${query}) to ${target(`${path}.part`)}`), 'write');
  atStep('copied');
  await publish(path);
  atStep('renamed');
  return { name, rows, ...(await digest(path)) };
}

async function writeValues(task: ScoringTask, scored: RowScorer): Promise<WrittenFile> {
  const name = 'values.float64';
  const path = join(task.folder, name);
  const kept = keptValues(task, scored);
  const bytes = new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength);
  await fileCall(() => writeFile(`${path}.part`, bytes));
  await publish(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, rows: task.rows - scored.failures.size, bytes: bytes.length, sha256 };
}

/** Of the rows that did not fail. Typed arrays have the order of the machine, which is little endian wherever this runs. */
function keptValues({ rows, outputs }: ScoringTask, { values, failures }: RowScorer): Float64Array {
  if (failures.size === 0) return values;
  const width = outputs.length;
  const kept = new Float64Array((rows - failures.size) * width);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    if (failures.has(row)) continue;
    kept.set(values.subarray(row * width, (row + 1) * width), at);
    at += width;
  }
  return kept;
}

/** Flushes `<path>.part`, then gives it its name. */
async function publish(path: string): Promise<void> {
  await fileCall(async () => {
    await synced(`${path}.part`, 'r+');
    await rename(`${path}.part`, path);
    await synced(join(path, '..'), 'r');
  });
}

async function synced(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function digest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The one place that turns errors of the file system into ours. */
async function fileCall<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new ExhaustedError('the scratch directory is full', { reason: 'SCRATCH_FULL', cause });
    }
    throw new UnavailableError('the output could not be written', { reason: 'OUTPUT_NOT_WRITTEN', facts: { code }, cause }); // prettier-ignore
  }
}
