import { createHash, type Hash } from 'node:crypto';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnSpec } from '@slipway/plugin-kit';
import { INLINE_TEXT_BYTES, isPresent, textAt, vectorBuffers } from './result-vectors.ts';

/** Bytes of one value in the first stream of a column. */
const WIDTHS: Record<ColumnSpec['type'], number> = { string: 16, integer: 8, number: 8, boolean: 1, timestamp: 8 };
/** Bits of every NaN, little endian in memory. */
const NAN_HIGH = 0x7ff80000;

/**
 * Sha256 of a table: of its schema as JSON and, for each column, of three streams in the order of the rows:
 *  - presence, one byte per row;
 *  - values of fixed width, little endian: 8 bytes for integers, timestamps (µs) and numbers (one pattern for all NaN), 1 for booleans, and 16 for
 *    text: its length in bytes (u32), then the text itself where that is at most 12 bytes, filled up with zeros. A null is all zeros;
 *  - the UTF-8 of longer texts, one after the other.
 * So it depends neither on how rows are cut into chunks nor on how a file is laid out, and short texts are hashed as they lie in memory.
 */
export class ContentHash {
  readonly #columns: readonly ColumnSpec[];
  readonly #streams: readonly { presence: Hash; values: Hash; texts: Hash }[];
  readonly #nulls: number[];
  #rows = 0;

  constructor(columns: readonly ColumnSpec[]) {
    this.#columns = columns;
    this.#streams = columns.map(() => ({
      presence: createHash('sha256'),
      values: createHash('sha256'),
      texts: createHash('sha256'),
    }));
    this.#nulls = columns.map(() => 0);
  }

  /** @param chunk the next rows; its columns are those of the table, timestamps as BIGINT. */
  update(chunk: DuckDBDataChunk): void {
    this.#columns.forEach((_, column) => this.#updateColumn(chunk, column));
    this.#rows += chunk.rowCount;
  }

  digest(): {
    readonly rows: number;
    readonly contentSha256: string;
    readonly nulls: Readonly<Record<string, number>>;
  } {
    const hash = createHash('sha256');
    hash.update(
      JSON.stringify({ format: 1, rows: this.#rows, columns: this.#columns.map(({ name, type }) => [name, type]) }),
    );
    for (const { presence, values, texts } of this.#streams)
      for (const stream of [presence, values, texts]) hash.update(stream.digest());
    return {
      rows: this.#rows,
      contentSha256: hash.digest('hex'),
      nulls: Object.fromEntries(this.#columns.map(({ name }, index) => [name, this.#nulls[index] ?? 0])),
    };
  }

  #updateColumn(chunk: DuckDBDataChunk, column: number): void {
    const type = this.#columns[column]?.type ?? 'string';
    const stream = this.#streams[column];
    if (!stream) return;
    const { bytes, validity } = vectorBuffers(chunk, column, type);
    const rows = chunk.rowCount;
    const width = WIDTHS[type];
    const values = Buffer.from(bytes.subarray(0, rows * width)); // a copy: the vector belongs to DuckDB
    const presence = new Uint8Array(rows).fill(1);
    if (validity) {
      for (let row = 0; row < rows; row += 1) {
        if (isPresent(validity, row)) continue;
        presence[row] = 0;
        values.fill(0, row * width, (row + 1) * width);
        this.#nulls[column] = (this.#nulls[column] ?? 0) + 1;
      }
    }
    if (type === 'number') canonicalizeNan(values, rows);
    if (type === 'string') {
      const long: string[] = [];
      for (let row = 0; row < rows; row += 1) {
        if (values.readUInt32LE(row * width) <= INLINE_TEXT_BYTES) continue;
        values.fill(0, row * width + 4, (row + 1) * width); // prefix and pointer
        long.push(textAt(chunk, column, row));
      }
      if (long.length > 0) stream.texts.update(long.join(''), 'utf8');
    }
    if (type === 'boolean') for (let row = 0; row < rows; row += 1) values[row] = values[row] === 0 ? 0 : 1;
    stream.presence.update(presence);
    stream.values.update(values);
  }
}

function canonicalizeNan(values: Buffer, rows: number): void {
  const doubles = new DataView(values.buffer, values.byteOffset, rows * 8);
  for (let row = 0; row < rows; row += 1) {
    if (!Number.isNaN(doubles.getFloat64(row * 8, true))) continue;
    doubles.setUint32(row * 8, 0, true);
    doubles.setUint32(row * 8 + 4, NAN_HIGH, true);
  }
}
