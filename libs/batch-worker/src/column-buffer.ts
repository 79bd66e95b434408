import type { DuckDBBigIntVector, DuckDBBooleanVector, DuckDBDataChunk, DuckDBDoubleVector } from '@duckdb/node-api';
import type { ColumnData, ColumnType } from '@slipway/plugin-kit';

// The client's own way to a value goes through one object or BigInt per value. Its vectors hold the buffers as private fields, which are read
// here and nowhere else.

type Values = Float64Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | string[];

/** Values of one column for one call of the model, gathered from chunks and used again for the next call. */
export class ColumnBuffer {
  readonly type: ColumnType;
  readonly #values: Values;
  readonly #present: Uint8Array<ArrayBuffer>;

  constructor(type: ColumnType, rows: number) {
    this.type = type;
    this.#present = new Uint8Array(rows);
    if (type === 'number') this.#values = new Float64Array(rows);
    else if (type === 'integer' || type === 'timestamp') this.#values = new BigInt64Array(rows);
    else this.#values = type === 'boolean' ? new Uint8Array(rows) : Array<string>(rows).fill('');
  }

  /** Copies rows `from` to `from + count - 1` of a column of a chunk to row `at` on. */
  copy(chunk: DuckDBDataChunk, column: number, from: number, at: number, count: number): void {
    const vector = chunk.getColumnVector(column);
    this.#copyPresent((vector as DuckDBDoubleVector)['validity']['data'], from, at, count);
    const values = this.#values;
    if (values instanceof Float64Array) {
      values.set((vector as DuckDBDoubleVector)['items'].subarray(from, from + count), at);
    } else if (values instanceof BigInt64Array) {
      values.set((vector as DuckDBBigIntVector)['items'].subarray(from, from + count), at);
    } else if (values instanceof Uint8Array) {
      const view = (vector as DuckDBBooleanVector)['dataView'];
      values.set(new Uint8Array(view.buffer, view.byteOffset + from, count), at);
    } else {
      for (let row = 0; row < count; row += 1) values[at + row] = (vector.getItem(from + row) as string | null) ?? '';
    }
  }

  /** The first rows; valid until the next copy. */
  data(rows: number): ColumnData {
    const [values, present] = [this.#values, this.#present.subarray(0, rows)];
    const part = Array.isArray(values) ? values.slice(0, rows) : values.subarray(0, rows);
    return { type: this.type, values: part, present } as ColumnData;
  }

  /** @param validity one bit per row, lowest first, set where there is a value; absent when all have one. */
  #copyPresent(validity: BigUint64Array | null, from: number, at: number, count: number): void {
    if (!validity) return void this.#present.fill(1, at, at + count);
    const bits = new Uint8Array(validity.buffer, validity.byteOffset, validity.byteLength);
    for (let row = 0; row < count; row += 1) {
      this.#present[at + row] = ((bits[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1;
    }
  }
}

/** The rows of a column that are named, in that order. */
export function pick({ type, values, present }: ColumnData, rows: readonly number[]): ColumnData {
  const picked = Uint8Array.from(rows, (row) => present[row] ?? 0);
  if (Array.isArray(values))
    return { type, values: rows.map((row) => values[row] ?? ''), present: picked } as ColumnData;
  const typed = values as Float64Array;
  const part = new (typed.constructor as Float64ArrayConstructor)(rows.length);
  for (const [at, row] of rows.entries()) part[at] = typed[row] ?? 0;
  return { type, values: part, present: picked } as ColumnData;
}
