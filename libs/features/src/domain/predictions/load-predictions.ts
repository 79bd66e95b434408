import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnBatch, ColumnData, ColumnSpec } from '@slipway/plugin-kit';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import { predictionFileInvalid } from '../errors.ts';
import { RowCodec } from '../online/row-codec.ts';
import type { Call } from '../unit-of-work.ts';
import { writeAll } from './online-writes.ts';
import { ORIGIN, toPredictionRows } from './prediction-rows.ts';
import {
  outputColumns,
  predictionRows,
  type PredictionLoad,
  type PredictionTable,
  type PredictionVersion,
} from './prediction-table.ts';
import { beginVersion, showVersion } from './prediction-versions.ts';

/**
 * Brings the rows of files to the online store as a new version of a table and then lets readers see it, in one transaction with the event. What was
 * served before is retired, and the reaper drops it. Files are read only, rows that are written twice change nothing, and the flip happens once; so the
 * work can be done again from the start as often as it breaks off. A manifest that was loaded before is answered with the table as it is.
 *
 * Of several rows with one key the latest counts, and of the same time the one that comes last in the files. How rows that are written meanwhile fare is
 * said at `writePredictions`.
 * @throws {FailedPreconditionError} reason PREDICTION_TABLE_MISMATCH, PREDICTION_FILE_MISSING. @throws {DataLossError} reason PREDICTION_FILE_CHANGED.
 * @throws {InvalidArgumentError} reason PREDICTION_FILE_INVALID. @throws {ConflictError} reason PREDICTION_LOAD_TAKEN_OVER.
 */
export function loadPredictions(
  call: Call,
  load: PredictionLoad,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<PredictionTable> {
  const { workspace } = call.caller;
  return deps.turns.run(`predictions/${workspace}/${load.table}`, handle.signal, async () => {
    const begun = await beginVersion(call, load, deps, handle.id);
    if ('served' in begun) return begun.served;
    deps.atStep('begun');
    const rows = await writeFiles(call, load, begun.version, deps, handle);
    deps.atStep('loaded');
    const table = await showVersion(call, { load, version: begun.version, rows }, deps);
    deps.predictionTables.forget(workspace, load.table);
    deps.atStep('shown');
    return table;
  });
}

/** @returns how many rows with a key there are. */
async function writeFiles(
  call: Call,
  load: PredictionLoad,
  version: PredictionVersion,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<bigint> {
  const total = load.files.reduce((sum, { rows }) => sum + rows, 0);
  let [before, written] = [0, 0];
  handle.progress(0, total);
  for (const [index, file] of load.files.entries()) {
    const local = await deps.files.fetch(call.caller.workspace, file, handle.signal);
    try {
      const work = { load, version, path: local.path, before };
      const done = await writeFile(call, work, deps, handle);
      if (done.rows !== file.rows) {
        const text = `says ${file.rows}; the file has ${done.rows} rows`;
        throw InvalidArgumentError.of('rows', text);
      }
      before += done.rows;
      written += done.written;
    } catch (error) {
      throw error instanceof InvalidArgumentError ? predictionFileInvalid(error, local.path, index) : error;
    } finally {
      await deps.files.discard(local.path);
    }
  }
  return BigInt(written);
}

interface FileWork {
  readonly load: PredictionLoad;
  readonly version: PredictionVersion;
  readonly path: string;
  /** Rows of the files before. */
  readonly before: number;
}

async function writeFile(
  call: Call,
  { load, version, path, before }: FileWork,
  { offline, online }: FeatureDependencies,
  handle: WorkHandle,
): Promise<{ rows: number; written: number }> {
  const table = predictionRows(call.caller.workspace, { name: load.table, onlineSchema: version.onlineSchema });
  const outputs = outputColumns(version);
  const codec = new RowCodec(outputs);
  const time: ColumnSpec = { name: load.timeColumn, type: 'timestamp' };
  const isKey = version.keys.some(({ name }) => name === time.name);
  const columns = [...version.keys, ...outputs, ...(isKey ? [] : [time])];
  let [rows, written] = [0, 0];
  for await (const batch of offline.readRows({ file: path, format: 'parquet' }, columns, handle.signal)) {
    for (const part of partsOf(batch)) {
      const first = BigInt(before + rows);
      const encoded = toPredictionRows(
        codec,
        {
          rows: part.rows,
          keys: part.columns.slice(0, version.keys.length),
          outputs: part.columns.slice(version.keys.length, version.keys.length + outputs.length),
          times: timesOf(part.columns.find(({ name }) => name === time.name)?.data, time.name, rows),
          sequenceOf: (row) => first + BigInt(row),
        },
        ORIGIN.LOADED,
      );
      await writeAll(online, table, encoded, handle.signal);
      rows += part.rows;
      written += encoded.length;
      handle.progress(before + rows);
    }
  }
  return { rows, written };
}

/** Rows that are encoded in one turn of the event loop: some milliseconds, so that other calls come in between. */
const TURN_ROWS = 2_048;

function* partsOf({ rows, columns }: ColumnBatch): Generator<ColumnBatch, void, undefined> {
  for (let from = 0; from < rows; from += TURN_ROWS) {
    const to = Math.min(rows, from + TURN_ROWS);
    yield { rows: to - from, columns: columns.map((column) => ({ ...column, data: cut(column.data, from, to) })) };
  }
}

function cut(data: ColumnData, from: number, to: number): ColumnData {
  const present = data.present.subarray(from, to);
  switch (data.type) {
    case 'string':
      return { type: data.type, values: data.values.slice(from, to), present };
    case 'number':
      return { type: data.type, values: data.values.subarray(from, to), present };
    case 'boolean':
      return { type: data.type, values: data.values.subarray(from, to), present };
    case 'integer':
    case 'timestamp':
      return { type: data.type, values: data.values.subarray(from, to), present };
  }
}

function timesOf(data: ColumnData | undefined, name: string, before: number): BigInt64Array {
  if (data?.type !== 'timestamp') throw new Error('the time column was not read');
  const row = data.present.indexOf(0);
  if (row >= 0) throw InvalidArgumentError.of(name, `has no value in row ${before + row}; every prediction has a time`);
  return data.values;
}
