import { FIXED32, LENGTH_DELIMITED, VARINT } from './wire-reader.ts';

/** A field of a message to write; a list of them is a message. */
export type WireField = readonly [field: number, value: WireValue];
export type WireValue =
  | { readonly varint: bigint }
  | { readonly fixed32: number }
  | { readonly bytes: Uint8Array }
  | { readonly message: readonly WireField[] };

/** @returns the fields in the given order, each with its tag, in the protobuf wire format. */
export function encodeMessage(fields: readonly WireField[]): Uint8Array {
  return Buffer.concat(fields.flatMap(encodeField));
}

function encodeField([field, value]: WireField): Uint8Array[] {
  const tag = (wire: number): Uint8Array => encodeVarint((BigInt(field) << 3n) | BigInt(wire));
  if ('varint' in value) return [tag(VARINT), encodeVarint(value.varint)];
  if ('fixed32' in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value.fixed32);
    return [tag(FIXED32), bytes];
  }
  const bytes = 'bytes' in value ? value.bytes : encodeMessage(value.message);
  return [tag(LENGTH_DELIMITED), encodeVarint(BigInt(bytes.length)), bytes];
}

/** Two's complement of 64 bits, seven bits a byte. */
export function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

export const text = (value: string): WireValue => ({ bytes: Buffer.from(value, 'utf8') });
export const int = (value: number | bigint): WireValue => ({ varint: BigInt(value) });
