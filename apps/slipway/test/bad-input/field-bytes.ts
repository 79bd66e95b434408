import protobuf from 'protobufjs';
import { varint } from './malformed-bytes.ts';

/** Bytes of one field that are right as a message and wrong for what the contract says of the field. */
export interface FieldBytes {
  readonly name: string;
  readonly bytes: Buffer;
  readonly field: string;
}

const LENGTH_DELIMITED = 2;
const WIRE_TYPES = [0, 1, 2, 5];
const SAMPLE: Readonly<Record<number, readonly number[]>> = {
  0: [1],
  1: [1, 2, 3, 4, 5, 6, 7, 8],
  2: [3, 1, 2, 3],
  5: [1, 2, 3, 4],
};

const tagOf = (field: protobuf.Field, wire: number): number[] => varint(BigInt(field.id * 8 + wire));

function wireTypeOf(field: protobuf.Field): number {
  if (field.resolvedType instanceof protobuf.Type || field.map) return LENGTH_DELIMITED;
  return (protobuf.types.basic as Readonly<Record<string, number>>)[field.type] ?? 0;
}

/** Every field of a message with each wire type that is not its own; of lists of numbers both forms are right. */
export function wrongWireTypes(type: protobuf.Type): FieldBytes[] {
  return type.fieldsArray.flatMap((each) => {
    const field = each.resolve();
    const own = wireTypeOf(field);
    const wrong = WIRE_TYPES.filter((wire) => wire !== own && !(field.repeated && wire === LENGTH_DELIMITED));
    return wrong.map((wire) => ({
      name: `${field.name} with wire type ${wire}`,
      bytes: Buffer.from([...tagOf(field, wire), ...(SAMPLE[wire] ?? [])]),
      field: field.name,
    }));
  });
}

/** Cut within a character, a continuation without a start, an overlong form, half of a surrogate pair, a byte UTF-8 never has. */
const NOT_UTF8: readonly (readonly number[])[] = [
  [0xe6, 0x97],
  [0x80],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xff],
  [0xf5, 0x80, 0x80, 0x80],
];

/** Every text field of a message with bytes that are no UTF-8. */
export function wrongTexts(type: protobuf.Type): FieldBytes[] {
  return type.fieldsArray
    .filter((field) => field.type === 'string' && !field.map && !field.repeated)
    .flatMap((field) =>
      NOT_UTF8.map((text) => ({
        name: `${field.name} of bytes ${Buffer.from(text).toString('hex')}`,
        bytes: Buffer.from([...tagOf(field, LENGTH_DELIMITED), text.length + 1, 0x61, ...text]),
        field: field.name,
      })),
    );
}
