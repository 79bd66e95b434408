import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, WireReader } from './wire-reader.ts';

/**
 * Reads nested messages field by field, remembers the path for error messages, and counts the parts it makes.
 * The wire type of the field under the cursor is checked by the typed reads.
 */
export class MessageReader {
  private readonly wire: WireReader;
  private readonly trail: { label: string; index: number }[] = [];
  private partsLeft: number;
  private end: number;
  private wireType = LENGTH_DELIMITED;

  constructor(bytes: Uint8Array, partsMax: number) {
    this.wire = new WireReader(bytes);
    this.end = bytes.length;
    this.partsLeft = partsMax;
  }

  /** Where the reader stopped, e.g. `graph.node[3].attribute[0]`. */
  path(): string {
    return this.trail.map(({ label, index }) => (index < 0 ? label : `${label}[${index}]`)).join('.');
  }

  fail(description: string): never {
    return this.wire.fail(description);
  }

  private spend(): void {
    this.partsLeft -= 1;
    if (this.partsLeft < 0) this.fail('has more parts than a model may have');
  }

  /**
   * Visits every field up to the end of the current message.
   * @param singular fields that may occur once.
   * @param visit reads the field and returns true, or returns false to skip it.
   */
  message(singular: readonly number[], visit: (field: number) => boolean): void {
    const end = this.end;
    let seen = 0;
    while (this.wire.position < end) {
      const { field, wire } = this.wire.tag();
      if (field < 32 && singular.includes(field)) {
        if (seen & (1 << field)) this.fail(`has field ${field} twice`);
        seen |= 1 << field;
      }
      this.wireType = wire;
      if (!visit(field)) this.wire.skip(wire, end);
      if (this.wire.position > end) this.fail('has a value that reaches past its message');
    }
  }

  private expect(wire: number): void {
    if (this.wireType !== wire) this.fail(`has wire type ${this.wireType} where ${wire} belongs`);
  }

  /** Runs `body` on the message under the cursor. @param index -1 for a singular field. */
  nested(label: string, index: number, body: () => void): void {
    this.trail.push({ label, index }); // popped only on success, so that an error keeps its path
    this.expect(LENGTH_DELIMITED);
    this.spend();
    const outer = this.end;
    this.end = this.wire.delimitedEnd(outer);
    body();
    this.end = outer;
    this.trail.pop();
  }

  int64(): bigint {
    this.expect(VARINT);
    return this.wire.int64();
  }

  int32(): number {
    this.expect(VARINT);
    return this.wire.int32();
  }

  string(): string {
    this.expect(LENGTH_DELIMITED);
    this.spend();
    return this.wire.string(this.end);
  }

  /** Length of a `bytes` field, which is skipped. */
  bytesLength(): number {
    this.expect(LENGTH_DELIMITED);
    const end = this.wire.delimitedEnd(this.end);
    const length = end - this.wire.position;
    this.wire.position = end;
    return length;
  }

  /** Appends a repeated int64, packed or not. */
  int64s(into: bigint[]): void {
    if (this.wireType === VARINT) {
      this.spend();
      into.push(this.wire.int64());
      return;
    }
    this.expect(LENGTH_DELIMITED);
    const end = this.wire.delimitedEnd(this.end);
    while (this.wire.position < end) {
      this.spend();
      into.push(this.wire.int64());
    }
    if (this.wire.position > end) this.fail('has a value that reaches past its message');
  }

  /** Number of entries of a repeated scalar of 4 or 8 bytes, or of varints, packed or not; the values are skipped. */
  countScalars(kind: 'varint' | 'fixed32' | 'fixed64'): number {
    const wire = kind === 'varint' ? VARINT : kind === 'fixed32' ? FIXED32 : FIXED64;
    if (this.wireType === wire) {
      this.wire.skip(wire, this.end);
      return 1;
    }
    this.expect(LENGTH_DELIMITED);
    const end = this.wire.delimitedEnd(this.end);
    if (kind === 'varint') return this.wire.countPackedVarints(end);
    const width = kind === 'fixed32' ? 4 : 8;
    const length = end - this.wire.position;
    if (length % width !== 0) this.fail(`has ${length} bytes of values of ${width} bytes`);
    this.wire.position = end;
    return length / width;
  }
}
