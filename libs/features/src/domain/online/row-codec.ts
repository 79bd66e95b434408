import { createHash } from 'node:crypto';
import { canonicalJson, DataLossError } from '@slipway/kernel';
import type { ColumnBatch, ColumnSpec, ColumnType } from '@slipway/plugin-kit';

/** Form, four bytes of the schema's digest. */
const HEADER_BYTES = 5;
const FORM = 1;
/** A text has the end of its bytes in the slot: they lie behind the slots, one after the other. */
const SLOT_BYTES: Readonly<Record<ColumnType, number>> = { string: 4, integer: 8, number: 8, boolean: 1, timestamp: 8 };

interface Slot {
  readonly type: ColumnType;
  readonly offset: number;
  /** Slot of the text before; -1 for the first one. */
  readonly textBefore: number;
  /** Byte and mask of its presence. */
  readonly byte: number;
  readonly mask: number;
}

type Columns = ColumnBatch['columns'];

/**
 * Rows of one schema as bytes: header, a bit for each value that is there, a slot of fixed place for each column, then the texts. Any one value is
 * read without looking at the others. Numbers keep every bit, also of NaN; little endian.
 */
export class RowCodec {
  readonly columns: readonly ColumnSpec[];
  /** Lower-case hex; the same for the same names and types in the same order. */
  readonly schemaDigest: string;
  readonly #slots: readonly Slot[];
  readonly #heapStart: number;
  readonly #header: Buffer;

  constructor(columns: readonly ColumnSpec[]) {
    this.columns = columns.map(({ name, type }) => ({ name, type }));
    const digest = createHash('sha256')
      .update(canonicalJson({ form: FORM, columns: this.columns }))
      .digest();
    this.schemaDigest = digest.toString('hex');
    this.#header = Buffer.concat([Buffer.of(FORM), digest.subarray(0, HEADER_BYTES - 1)]);
    let offset = HEADER_BYTES + Math.ceil(columns.length / 8);
    let textBefore = -1;
    this.#slots = columns.map(({ type }, index) => {
      const slot = { type, offset, textBefore, byte: HEADER_BYTES + (index >> 3), mask: 1 << (index & 7) };
      if (type === 'string') textBefore = offset;
      offset += SLOT_BYTES[type];
      return slot;
    });
    this.#heapStart = offset;
  }

  /** One block of bytes per row. @param columns of the batch, in the order of the schema, all of `rows` entries. */
  encode(columns: Columns, rows: number): Buffer[] {
    if (columns.length !== this.#slots.length)
      throw new RangeError(`${columns.length} columns for ${this.#slots.length} slots`);
    return Array.from({ length: rows }, (_, row) => this.#encodeRow(columns, row));
  }

  #encodeRow(columns: Columns, row: number): Buffer {
    let heapBytes = 0;
    for (const { data } of columns) {
      if (data.type === 'string' && data.present[row]) heapBytes += Buffer.byteLength(data.values[row] ?? '');
    }
    const bytes = Buffer.alloc(this.#heapStart + heapBytes);
    this.#header.copy(bytes);
    let heap = this.#heapStart;
    for (const [index, slot] of this.#slots.entries()) {
      const data = columns[index]?.data;
      if (data?.type !== slot.type) throw new RangeError(`column ${index} is of type ${data?.type}, not ${slot.type}`);
      const isPresent = data.present[row] === 1;
      if (isPresent) bytes[slot.byte] = (bytes[slot.byte] ?? 0) | slot.mask;
      if (data.type === 'string') {
        if (isPresent) heap += bytes.write(data.values[row] ?? '', heap);
        bytes.writeUInt32LE(heap - this.#heapStart, slot.offset);
      } else if (isPresent) {
        if (data.type === 'number') writeDouble(bytes, data.values, row, slot.offset);
        else if (data.type === 'boolean') bytes[slot.offset] = data.values[row] ? 1 : 0;
        else bytes.writeBigInt64LE(data.values[row] ?? 0n, slot.offset);
      }
    }
    return bytes;
  }

  /** @throws {DataLossError} when the bytes are not a row of this schema. */
  open(stored: Uint8Array): Buffer {
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    if (bytes.length < this.#heapStart || bytes.compare(this.#header, 0, HEADER_BYTES, 0, HEADER_BYTES) !== 0) {
      throw new DataLossError('a row of the online store is not of the form of its view', {
        reason: 'ONLINE_ROW_BROKEN',
      });
    }
    return bytes;
  }

  isPresent(row: Buffer, column: number): boolean {
    const slot = this.#slot(column);
    return ((row[slot.byte] ?? 0) & slot.mask) !== 0;
  }

  readNumber(row: Buffer, column: number): number {
    return row.readDoubleLE(this.#slot(column).offset);
  }

  readBoolean(row: Buffer, column: number): boolean {
    return row[this.#slot(column).offset] === 1;
  }

  /** Integers and timestamps: a number where it is exact, else decimal text. */
  readInteger(row: Buffer, column: number): number | string {
    return exactInteger(row, this.#slot(column).offset);
  }

  readText(row: Buffer, column: number): string {
    const { offset, textBefore } = this.#slot(column);
    const start = textBefore < 0 ? 0 : row.readUInt32LE(textBefore);
    const end = row.readUInt32LE(offset);
    if (start > end || this.#heapStart + end > row.length) {
      throw new DataLossError('a row of the online store is cut off', { reason: 'ONLINE_ROW_BROKEN' });
    }
    return row.toString('utf8', this.#heapStart + start, this.#heapStart + end);
  }

  #slot(column: number): Slot {
    const slot = this.#slots[column];
    if (!slot) throw new RangeError(`no column ${column}`);
    return slot;
  }
}

/** By its bytes: a NaN may carry bits that a number in between would lose. */
function writeDouble(bytes: Buffer, values: Float64Array, row: number, offset: number): void {
  bytes.set(new Uint8Array(values.buffer, values.byteOffset + row * 8, 8), offset);
}

/** Without a bigint for each value. */
function exactInteger(row: Buffer, offset: number): number | string {
  const high = row.readInt32LE(offset + 4);
  const low = row.readUInt32LE(offset);
  return high >= -0x200000 && high < 0x200000 ? high * 0x100000000 + low : row.readBigInt64LE(offset).toString();
}
