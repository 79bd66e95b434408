import { INT64_MAX, INT64_MIN, InvalidArgumentError } from '@slipway/kernel';
import { Type } from '@mikro-orm/core';

/**
 * Column types of ours that keep 64 bits; anything else on a bigint column is refused by `assertEntityRules`.
 *
 * No SQL is wrapped around the column: MikroORM would use a text cast in filters and orders too, where texts compare wrongly ('9' > '10').
 * `SqliteFileDialect` reads integers exactly instead.
 */
export abstract class Exact64Column<Value> extends Type<Value | null | undefined, string | null | undefined> {
  protected abstract encode(value: Value): bigint;
  protected abstract decode(stored: bigint): Value;

  override convertToDatabaseValue(value: Value | null | undefined): string | null | undefined {
    if (value === null) return null;
    if (value === undefined) return undefined;
    const stored = this.encode(value);
    if (stored < INT64_MIN || stored > INT64_MAX) {
      throw InvalidArgumentError.of(this.prop?.name ?? 'value', 'is outside of the range of int64');
    }
    // As text: the column's integer affinity turns it into the exact integer, in inserts and in comparisons.
    return stored.toString();
  }

  override convertToJSValue(value: Value | string | number | bigint | null | undefined): Value | null | undefined {
    if (value === null || value === undefined) return value;
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new RangeError(
        `${this.prop?.name ?? 'a column'} was read through a driver that loses digits; open databases with openDatabase`,
      );
    }
    return this.decode(BigInt(value as string));
  }

  override getColumnType(): string {
    return 'bigint';
  }

  override compareAsType(): string {
    return 'string';
  }

  override ensureComparable(): boolean {
    return true;
  }
}

/** `bigint`, exact from -2^63 to 2^63-1 on both databases; sorts and compares as a number. */
export class Int64Column extends Exact64Column<bigint> {
  protected encode(value: bigint): bigint {
    if (typeof value !== 'bigint') throw new TypeError(`${this.prop?.name ?? 'value'} must be a bigint`);
    return value;
  }
  protected decode(stored: bigint): bigint {
    return stored;
  }
  override get runtimeType(): string {
    return 'bigint';
  }
}

/** UTC microseconds since 1970 (`Micros`); before 1970 negative. The same as `Int64Column`, with a name that says what it holds. */
export class MicrosColumn extends Int64Column {}
