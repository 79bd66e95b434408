const LENGTH_DELIMITED = 2;
const START_BYTES = 4096;
/** Of one varint of 64 bits. */
const VARINT_BYTES_MAX = 10;

/** Writes protobuf messages front to back into one buffer that grows; fields in the order of the calls. */
export class MessageWriter {
  #buffer = Buffer.allocUnsafe(START_BYTES);
  #at = 0;

  /** Begins a message, or the values of a packed field, as the value of a field. @returns what `close` is told. */
  open(field: number): number {
    this.#reserve(2);
    this.#buffer[this.#at] = (field << 3) | LENGTH_DELIMITED;
    this.#at += 2; // one byte for the length: more of it is made room for when it is known
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    if (length > 0x7f) {
      const more = Math.floor(Math.log2(length) / 7);
      this.#reserve(more);
      this.#buffer.copyWithin(start + more, start, this.#at);
      this.#at += more;
    }
    writeVarint(this.#buffer, start - 1, length);
  }

  text(field: number, value: string): void {
    const start = this.open(field);
    this.#reserve(3 * value.length);
    this.#at += this.#buffer.write(value, this.#at);
    this.close(start);
  }

  /** Small numbers and truth values, packed; nothing at all when there is none. */
  bytes(field: number, values: readonly (number | boolean)[]): void {
    if (values.length === 0) return;
    const start = this.open(field);
    this.#reserve(values.length);
    for (const value of values) this.#buffer[this.#at++] = Number(value);
    this.close(start);
  }

  doubles(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const start = this.open(field);
    this.#reserve(8 * values.length);
    for (const value of values) this.#at = this.#buffer.writeDoubleLE(value, this.#at);
    this.close(start);
  }

  /** int64, packed: whole numbers up to 2^53, others as decimal text. */
  integers(field: number, values: readonly (number | string)[]): void {
    if (values.length === 0) return;
    const start = this.open(field);
    this.#reserve(VARINT_BYTES_MAX * values.length);
    for (const value of values) {
      const isPlain = typeof value === 'number' && value >= 0;
      this.#at = isPlain
        ? writeVarint(this.#buffer, this.#at, value)
        : writeBigVarint(this.#buffer, this.#at, BigInt.asUintN(64, BigInt(value)));
    }
    this.close(start);
  }

  /** What was written; the writer is not to be used any more. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** @param value a whole number from 0 to 2^53. @returns where the next one goes. */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return at;
}

function writeBigVarint(bytes: Buffer, start: number, value: bigint): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80;
  bytes[at++] = Number(rest);
  return at;
}
