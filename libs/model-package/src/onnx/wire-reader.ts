/** The bytes are not a protobuf message that we are willing to read. `offset` counts from the start of the file. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly offset: number;
  constructor(description: string, offset: number) {
    super(description);
    this.offset = offset;
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Forward-only reader of the protobuf wire format, without a schema and without copying. Every read is checked against the end of the
 * bytes; groups, field number 0 and varints of more than 10 bytes are refused.
 */
export class WireReader {
  position = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  fail(description: string): never {
    throw new WireError(description, this.position);
  }

  private byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) this.fail('ends in the middle of a value');
    this.position += 1;
    return byte;
  }

  /** Any 64-bit varint, as its unsigned value. */
  uint64(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return this.fail('has a varint of more than 10 bytes');
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** int32 and enum fields: negative ones travel as ten bytes. */
  int32(): number {
    return Number(BigInt.asIntN(32, this.uint64()));
  }

  /** Tag of the next field. */
  tag(): { field: number; wire: number } {
    const tag = this.uint64();
    const field = Number(tag >> 3n);
    if (field === 0 || field > 0x1fffffff) this.fail('has a field number outside 1 to 2^29-1');
    return { field, wire: Number(tag & 7n) };
  }

  /** End position of the length-delimited value that starts here; never past `end`. */
  delimitedEnd(end: number): number {
    const length = this.uint64();
    if (length > BigInt(end - this.position)) this.fail(`has a length of ${length} that reaches past its message`);
    return this.position + Number(length);
  }

  /** @throws {WireError} on bytes that are not UTF-8. */
  string(end: number): string {
    const stop = this.delimitedEnd(end);
    const slice = this.bytes.subarray(this.position, stop);
    try {
      const text = UTF8.decode(slice);
      this.position = stop;
      return text;
    } catch {
      return this.fail('has a text that is not UTF-8'); // the decoder's own message says no more
    }
  }

  /** Moves to `position`; only ever forward. */
  skipTo(position: number, end: number): void {
    if (position > end) this.fail('ends in the middle of a value');
    this.position = position;
  }

  /** Skips a value of this wire type. */
  skip(wire: number, end: number): void {
    if (wire === VARINT) this.uint64();
    else if (wire === FIXED64) this.skipTo(this.position + 8, end);
    else if (wire === FIXED32) this.skipTo(this.position + 4, end);
    else if (wire === LENGTH_DELIMITED) this.position = this.delimitedEnd(end);
    else this.fail(`has wire type ${wire}, which ONNX does not use`);
    if (this.position > end) this.fail('has a value that reaches past its message');
  }

  /** Counts the varints of a packed block that ends at `end`, and moves behind it. */
  countPackedVarints(end: number): number {
    let count = 0;
    let length = 0;
    for (let at = this.position; at < end; at += 1) {
      length += 1;
      if (length > 10) this.fail('has a varint of more than 10 bytes');
      if ((this.bytes[at] ?? 0) < 0x80) {
        count += 1;
        length = 0;
      }
    }
    if (length > 0) this.fail('ends in the middle of a value');
    this.position = end;
    return count;
  }
}
