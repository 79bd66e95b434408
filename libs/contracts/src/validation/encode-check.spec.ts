import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import { encodeCheck } from './encode-check.ts';

const { root } = protobuf.parse(
  `syntax = "proto3"; package test;
  enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_NEGATIVE = -1; }
  message Node { string name = 1; repeated Node children = 2; }
  message Everything {
    int32 i32 = 1; sint32 s32 = 2; sfixed32 sf32 = 3; uint32 u32 = 4; fixed32 f32 = 5;
    int64 i64 = 6; sint64 s64 = 7; sfixed64 sf64 = 8; uint64 u64 = 9; fixed64 f64 = 10;
    float single = 11; double wide = 12; bool flag = 13; string text = 14; bytes data = 15; Color color = 16; Node node = 17;
    repeated int32 numbers = 18; repeated string texts = 19; repeated Node nodes = 20; repeated double doubles = 29;
    map<string, int64> counts = 21; map<int32, string> by_number = 22; map<bool, string> by_flag = 23; map<string, Color> colors = 24;
    oneof choice { string left = 25; int32 right = 26; Node tree = 27; }
    optional string maybe = 28;
  }`,
  { keepCase: true },
);
root.resolveAll();
const everything = root.lookupType('test.Everything');
const check = encodeCheck(everything);
const CONVERSION = { longs: String, enums: String, defaults: true, oneofs: true };

function violationsOf(message: object): readonly string[] {
  try {
    check(message);
    return [];
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.violations.map(({ field }) => field);
    throw error;
  }
}

function roundTrip(message: object): Record<string, unknown> {
  const bytes = everything.encode(everything.fromObject(message)).finish();
  return everything.toObject(everything.decode(bytes), CONVERSION);
}

/** The oracle: knows nothing of the check, compares what went in with what came out. */
function survives(field: protobuf.Field, given: unknown, got: unknown): boolean {
  if (field.map) return sameEntries(field, given, got);
  if (field.repeated) {
    return (
      Array.isArray(given) &&
      Array.isArray(got) &&
      given.length === got.length &&
      given.every((element, index) => sameValue(field, element, got[index]))
    );
  }
  return sameValue(field, given, got);
}

const isRecord = (given: unknown): given is Record<string, unknown> =>
  Object.prototype.toString.call(given) === '[object Object]';

function sameEntries(field: protobuf.Field, given: unknown, got: unknown): boolean {
  if (!isRecord(given)) return false;
  const keys = Object.keys(given);
  const received = got as Record<string, unknown>;
  return (
    keys.length === Object.keys(received).length &&
    keys.every((key) => Object.hasOwn(received, key) && sameValue(field, given[key], received[key]))
  );
}

function sameValue(field: protobuf.Field, given: unknown, got: unknown): boolean {
  const type = field.resolvedType;
  // a number that has no name does arrive, but no receiver can tell what it means
  if (type instanceof protobuf.Enum)
    return typeof got === 'string' && (given === got || (typeof given === 'number' && type.valuesById[given] === got));
  if (type instanceof protobuf.Type) return given === null ? got === null : sameMessage(type, given, got);
  if (field.type.endsWith('64')) {
    if (typeof given === 'number') return Number.isSafeInteger(given) && String(given === 0 ? 0 : given) === got;
    return (typeof given === 'string' || typeof given === 'bigint') && String(given) === got;
  }
  if (field.type === 'bytes') return given instanceof Uint8Array && Buffer.compare(given, got as Buffer) === 0;
  if (field.type === 'float') {
    return (
      typeof given === 'number' && Object.is(Math.fround(given), got) && Number.isFinite(given) === Number.isFinite(got)
    );
  }
  return given === got || (field.type === 'double' && Object.is(given, got));
}

function sameMessage(type: protobuf.Type, given: unknown, got: unknown): boolean {
  if (!isRecord(given)) return false;
  const received = got as Record<string, unknown>;
  return Object.entries(given).every(([name, value]) => {
    const field = type.fields[name];
    return field !== undefined && survives(field, value, received[name]);
  });
}

const scalar = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -1,
    1.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    -(2 ** 31),
    2 ** 32 - 1,
    1e300,
    0.1,
    2 ** 63,
  ),
  fc.double(),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }).map(String),
  fc.constantFrom(
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '18446744073709551615',
    '007',
    '-0',
    '',
    '1e3',
    ' 1',
  ),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('COLOR_RED', 'COLOR_PINK', 'toString', '\ud800', 'AAAA', 'true'),
  fc.boolean(),
  fc.uint8Array(),
  fc.constant(null),
  fc.constant(new Date(1e12)),
  fc.record({ name: fc.oneof(fc.string(), fc.integer()) }),
  fc.record({
    name: fc.string(),
    children: fc.array(fc.record({ name: fc.oneof(fc.string(), fc.integer()) }), { maxLength: 2 }),
  }),
  fc.record({ nam: fc.string() }),
);
const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.array(scalar, { maxLength: 2 }),
  fc.dictionary(
    fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('true', '007', 'constructor')),
    scalar,
    { maxKeys: 2 },
  ),
  fc.float32Array({ maxLength: 2 }),
);

describe('encodeCheck', () => {
  it('accepts exactly what survives an encode and decode unchanged, for every kind of field', () => {
    const field = fc.constantFrom(...everything.fieldsArray);
    let accepted = 0;
    fc.assert(
      fc.property(field, value, (field, given) => {
        fc.pre(!(typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__')));
        fc.pre(!(given === null && !field.repeated && field.partOf !== null)); // unset and null read the same only without presence
        let unchanged: boolean;
        try {
          const got = roundTrip({ [field.name]: given });
          unchanged = survives(field, given, got[field.name]);
        } catch {
          unchanged = false; // protobufjs itself refuses some of it
        }
        const isAccepted = violationsOf({ [field.name]: given }).length === 0;
        if (isAccepted) accepted += 1;
        expect(isAccepted, `${field.name} = ${fc.stringify(given)}`).toBe(unchanged);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it.each([
    [{ i32: '5' }, 'i32'],
    [{ i64: 2 ** 53 }, 'i64'],
    [{ u64: -1 }, 'u64'],
    [{ i64: '' }, 'i64'],
    [{ nope: 1 }, 'nope'],
    [{ left: 'a', right: 1 }, 'choice'],
    [{ choice: 'left', right: 1 }, 'choice'],
    [{ node: new Date() }, 'node'],
    [{ doubles: new Float64Array(2) }, 'doubles'],
    [{ numbers: [1, , 3] }, 'numbers[1]'], // oxlint-disable-line no-sparse-arrays
    [{ nodes: [{ name: 'a' }, { children: [{ name: 3 }] }] }, 'nodes[1].children[0].name'],
    [{ counts: { 'a"b': 1.5 } }, 'counts["a\\"b"]'],
    [{ counts: JSON.parse('{"__proto__": 1}') as object }, 'counts["__proto__"]'],
    [{ text: 'a\ud800' }, 'text'],
    [{ data: 'AAAA' }, 'data'],
    [{ color: 7 }, 'color'],
  ])('refuses %j and names %s', (message, field) => {
    expect(violationsOf(message)).toEqual([field]);
  });

  it('lets a decoded message be sent again as it is', () => {
    const received = roundTrip({ left: 'x', maybe: 'y', node: { children: [{}] }, counts: { a: -1n } });
    expect(received['choice']).toBe('left');
    expect(violationsOf(received)).toEqual([]);
    expect(roundTrip(received)).toEqual(received);
  });

  it('refuses an instance of a class, whose getters protobufjs would read', () => {
    class Sneaky {
      get i32(): number {
        return 1.5;
      }
    }
    expect(violationsOf(new Sneaky())).toEqual(['']);
  });

  it('ends on a message that contains itself', () => {
    const node: Record<string, unknown> = { name: 'loop' };
    node['children'] = [node];
    expect(violationsOf({ node })).toHaveLength(1);
  });

  it('lists at most 20 violations', () => {
    expect(violationsOf({ numbers: Array.from({ length: 100 }, () => 1.5) })).toHaveLength(20);
  });
});
