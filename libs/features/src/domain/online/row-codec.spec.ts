import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INT64_MAX, INT64_MIN } from '@slipway/kernel';
import { COLUMN_TYPES, type ColumnData, type ColumnType } from '@slipway/plugin-kit';
import { encodeKey } from './key-codec.ts';
import { RowCodec } from './row-codec.ts';

type Value = string | bigint | number | boolean | null;

/** Bits of a double, so that NaNs and zeros are told apart. */
const NAN_WITH_BITS = new Float64Array(BigUint64Array.of(0x7ff8_0000_dead_beefn).buffer)[0] ?? 0;
const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;

const ARBITRARY: Record<ColumnType, fc.Arbitrary<Value>> = {
  string: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('ä'.repeat(20_000))),
  integer: fc.oneof(
    fc.bigInt(INT64_MIN, INT64_MAX),
    fc.constantFrom(INT64_MIN, INT64_MAX, 2n ** 53n, -(2n ** 53n) - 1n),
  ),
  timestamp: fc.bigInt(INT64_MIN, INT64_MAX),
  number: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -0, Infinity, -Infinity)),
  boolean: fc.boolean(),
};

function columnOf(type: ColumnType, values: readonly Value[]): ColumnData {
  const present = Uint8Array.from(values, (value) => (value === null ? 0 : 1));
  if (type === 'string')
    return { type, present, values: values.map((value) => (value === null ? 'x' : String(value))) };
  if (type === 'number') return { type, present, values: Float64Array.from(values, (value) => Number(value ?? 7)) };
  if (type === 'boolean')
    return { type, present, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)) };
  return { type, present, values: BigInt64Array.from(values, (value) => BigInt(value ?? 7)) };
}

function read(codec: RowCodec, row: Buffer, column: number, type: ColumnType): Value {
  if (!codec.isPresent(row, column)) return null;
  if (type === 'string') return codec.readText(row, column);
  if (type === 'number') return codec.readNumber(row, column);
  if (type === 'boolean') return codec.readBoolean(row, column);
  return BigInt(codec.readInteger(row, column));
}

describe('rows of the online store', () => {
  it('for all schemas and values: decoding undoes encoding', () => {
    const table = fc
      .tuple(
        fc.array(fc.constantFrom(...COLUMN_TYPES), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
      )
      .chain(([types, rows]) => {
        const columns = types.map((type) => fc.array(fc.option(ARBITRARY[type]), { minLength: rows, maxLength: rows }));
        return fc.tuple(fc.constant(types), fc.tuple(...columns), fc.constant(rows));
      });
    fc.assert(
      fc.property(table, ([types, columns, rows]) => {
        const specs = types.map((type, index) => ({ name: `c${index}`, type }));
        const codec = new RowCodec(specs);
        const batch = specs.map((spec, index) => ({ ...spec, data: columnOf(spec.type, columns[index] ?? []) }));
        const encoded = codec.encode(batch, rows);
        expect(encoded).toHaveLength(rows);
        for (const [row, bytes] of encoded.entries()) {
          const opened = codec.open(Uint8Array.from(bytes));
          const decoded = types.map((type, column) => read(codec, opened, column, type));
          expect(decoded).toEqual(columns.map((values) => values[row]));
        }
      }),
    );
  });

  it('keeps every bit of a double', () => {
    const codec = new RowCodec([{ name: 'a', type: 'number' }]);
    for (const value of [NAN_WITH_BITS, -0, 5e-324]) {
      const [row] = codec.encode([{ name: 'a', type: 'number', data: columnOf('number', [value]) }], 1);
      expect(bitsOf(codec.readNumber(codec.open(row ?? Buffer.alloc(0)), 0))).toBe(bitsOf(value));
    }
  });

  it('refuses rows of another schema and rows that are cut off', () => {
    const codec = new RowCodec([{ name: 'a', type: 'string' }]);
    const other = new RowCodec([{ name: 'b', type: 'string' }]);
    const [row = Buffer.alloc(0)] = codec.encode(
      [{ name: 'a', type: 'string', data: columnOf('string', ['text']) }],
      1,
    );
    expect(codec.schemaDigest).not.toBe(other.schemaDigest);
    expect(() => other.open(row)).toThrow(expect.objectContaining({ reason: 'ONLINE_ROW_BROKEN' }));
    expect(() => codec.open(row.subarray(0, 3))).toThrow(expect.objectContaining({ reason: 'ONLINE_ROW_BROKEN' }));
    const cut = codec.open(row.subarray(0, row.length - 1));
    expect(() => codec.readText(cut, 0)).toThrow(expect.objectContaining({ reason: 'ONLINE_ROW_BROKEN' }));
  });
});

describe('keys of the online store', () => {
  it('for all pairs of keys: equal bytes mean equal keys', () => {
    const key = fc.tuple(fc.string({ maxLength: 4 }), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(key, key, (left, right) => {
        const same = left[0] === right[0] && left[1] === right[1];
        expect(encodeKey(['string', 'string'], left).equals(encodeKey(['string', 'string'], right))).toBe(same);
      }),
    );
  });

  it('has one zero, one NaN, and room for any text', () => {
    const number = (value: number) => encodeKey(['number'], [value]).toString('hex');
    expect(number(-0)).toBe(number(0));
    expect(number(NAN_WITH_BITS)).toBe(number(Number.NaN));
    const long = encodeKey(['string'], ['x'.repeat(600)]);
    expect(long.length).toBe(33);
    expect(long.equals(encodeKey(['string'], ['x'.repeat(601)]))).toBe(false);
  });
});
