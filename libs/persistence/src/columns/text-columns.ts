import { canonicalJson, InvalidArgumentError, SHA256_PATTERN, type JsonValue } from '@slipway/kernel';
import { Type } from '@mikro-orm/core';

abstract class TextBasedColumn<Value> extends Type<Value | null | undefined, string | null | undefined> {
  protected abstract encode(value: Value): string;
  protected abstract decode(stored: string): Value;

  protected refuse(description: string): never {
    throw InvalidArgumentError.of(this.prop?.name ?? 'value', description);
  }

  override convertToDatabaseValue(value: Value | null | undefined): string | null | undefined {
    if (value === null) return null;
    return value === undefined ? undefined : this.encode(value);
  }

  override convertToJSValue(stored: string | null | undefined): Value | null | undefined {
    return stored === null || stored === undefined ? stored : this.decode(stored);
  }

  override getColumnType(): string {
    return 'text';
  }

  override compareAsType(): string {
    return 'string';
  }

  override ensureComparable(): boolean {
    return true;
  }
}

/**
 * `string` of at most `bytesMax` bytes of UTF-8. The empty string is a value. NUL is refused because PostgreSQL cannot keep it, and a lone
 * surrogate because it has no UTF-8 form; both with an error that names the property.
 */
export class TextColumn extends TextBasedColumn<string> {
  /** Not `#private`: MikroORM copies type objects by their prototype. */
  protected readonly bytesMax: number;

  constructor(bytesMax: number) {
    super();
    this.bytesMax = bytesMax;
  }

  protected encode(value: string): string {
    if (typeof value !== 'string') this.refuse('must be text');
    if (value.includes('\0')) this.refuse('must not contain the character NUL');
    if (!value.isWellFormed()) this.refuse('must be well-formed Unicode, without lone surrogates');
    if (Buffer.byteLength(value) > this.bytesMax) this.refuse(`must be at most ${this.bytesMax} bytes of UTF-8`);
    return value;
  }

  protected decode(stored: string): string {
    return stored;
  }
}

/** Lower-case hex of a sha256. */
export class Sha256Column extends TextBasedColumn<string> {
  protected encode(value: string): string {
    if (!SHA256_PATTERN.test(value)) this.refuse('must be 64 lower-case hex digits');
    return value;
  }

  protected decode(stored: string): string {
    return stored;
  }
}

/**
 * A JSON value as canonical text (RFC 8785), so that equal values have equal texts. Strings keep every UTF-16 unit, also NUL, as JSON
 * escapes them. A property that is null is SQL's NULL; JSON's null lives inside of values only. Numbers are JSON's: NaN and infinities are refused, -0 becomes 0; 64-bit integers belong in strings.
 */
export class JsonColumn extends TextBasedColumn<JsonValue> {
  protected readonly bytesMax: number;

  constructor(bytesMax: number) {
    super();
    this.bytesMax = bytesMax;
  }

  protected encode(value: JsonValue): string {
    const text = canonicalJson(value);
    if (Buffer.byteLength(text) > this.bytesMax) this.refuse(`must be at most ${this.bytesMax} bytes as JSON`);
    return text;
  }

  protected decode(stored: string): JsonValue {
    return JSON.parse(stored) as JsonValue;
  }

  override get runtimeType(): string {
    return 'any';
  }
}
