import type {
  DuckDBBigIntVector,
  DuckDBBooleanVector,
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBVarCharVector,
} from '@duckdb/node-api';
import type { ColumnType } from '@slipway/plugin-kit';

// The client's own way to a value goes through one object or BigInt per value. Its vectors hold the buffers as private fields, which are read
// here and nowhere else.

/** The values of a column of one part of a result. */
export interface VectorBuffers {
  /** 8 bytes per row for numbers, integers and timestamps, 1 for booleans, 16 for text (see `textAt`). */
  readonly bytes: Uint8Array;
  /** One bit per row, lowest first, set where there is a value; undefined when all have one. */
  readonly validity: Uint8Array | undefined;
}

/** Buffers of a column; they are valid as long as the chunk is. */
export function vectorBuffers(chunk: DuckDBDataChunk, column: number, type: ColumnType): VectorBuffers {
  const vector = chunk.getColumnVector(column);
  switch (type) {
    case 'integer':
    case 'timestamp':
      return withValidity((vector as DuckDBBigIntVector)['items'], vector);
    case 'number':
      return withValidity((vector as DuckDBDoubleVector)['items'], vector);
    case 'boolean':
      return withValidity((vector as DuckDBBooleanVector)['dataView'], vector);
    case 'string':
      return withValidity((vector as DuckDBVarCharVector)['dataView'], vector);
  }
}

/** A text of a column; its 16 bytes in the buffer are its length in bytes (u32), then itself up to 12 bytes, zeros after it; else a pointer. */
export function textAt(chunk: DuckDBDataChunk, column: number, row: number): string {
  return (chunk.getColumnVector(column) as DuckDBVarCharVector).getItem(row) ?? '';
}

/** Longest text, in bytes, that stands in the buffer itself. */
export const INLINE_TEXT_BYTES = 12;

interface HasValidity {
  readonly validity: DuckDBBigIntVector['validity'];
}

function withValidity(values: ArrayBufferView, vector: unknown): VectorBuffers {
  const data = (vector as HasValidity).validity['data'];
  return {
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    validity: data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : undefined,
  };
}

/** Whether a row has a value. */
export const isPresent = (validity: Uint8Array | undefined, row: number): boolean =>
  validity === undefined || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
