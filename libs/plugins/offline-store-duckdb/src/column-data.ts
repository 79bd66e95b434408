import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnData, ColumnType } from '@slipway/plugin-kit';
import { isPresent, textAt, vectorBuffers } from './result-vectors.ts';

/** Values of a column of a part of a result, copied out of it. */
export function readColumn(chunk: DuckDBDataChunk, column: number, type: ColumnType): ColumnData {
  const { bytes, validity } = vectorBuffers(chunk, column, type);
  const rows = chunk.rowCount;
  const present = new Uint8Array(rows).fill(1);
  if (validity) for (let row = 0; row < rows; row += 1) present[row] = isPresent(validity, row) ? 1 : 0;
  switch (type) {
    case 'integer':
    case 'timestamp':
      return { type, values: new BigInt64Array(copy(bytes, rows * 8)), present };
    case 'number':
      return { type, values: new Float64Array(copy(bytes, rows * 8)), present };
    case 'boolean':
      return { type, values: new Uint8Array(copy(bytes, rows)), present };
    case 'string':
      return { type, values: Array.from(present, (is, row) => (is ? textAt(chunk, column, row) : '')), present };
  }
}

/** Parts of one column, one after the other. */
export function joinColumns(type: ColumnType, rows: number, parts: readonly ColumnData[]): ColumnData {
  const present = new Uint8Array(rows);
  let at = 0;
  for (const part of parts) {
    present.set(part.present, at);
    at += part.present.length;
  }
  const values = parts.map((part) => part.values);
  switch (type) {
    case 'integer':
    case 'timestamp':
      return { type, values: joinIntegers(rows, values as BigInt64Array[]), present };
    case 'number':
      return { type, values: joinBytes(new Float64Array(rows), values as Float64Array[]), present };
    case 'boolean':
      return { type, values: joinBytes(new Uint8Array(rows), values as Uint8Array[]), present };
    case 'string':
      return { type, values: (values as (readonly string[])[]).flat(), present };
  }
}

function joinIntegers(rows: number, parts: readonly BigInt64Array[]): BigInt64Array {
  const all = new BigInt64Array(rows);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function joinBytes<T extends Float64Array | Uint8Array>(all: T, parts: readonly T[]): T {
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const copy = (bytes: Uint8Array, length: number): ArrayBuffer => bytes.slice(0, length).buffer;
