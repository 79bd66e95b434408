/**
 * Byte sequences that no protobuf message of any type may hold, by what is wrong with them. Meant to follow a message that is right. Left out is
 * what protobufjs passes over in unknown fields although the format forbids it: varints of more than ten bytes and the field number 0.
 */
export function malformedTails(): { readonly name: string; readonly tail: Buffer }[] {
  const tails: [string, number[]][] = [];
  // fields 1000 and 1 with each wire type; field 1000 is known to no request, so only the wire format can be wrong
  const tag = (field: number, wire: number): number[] => varint(BigInt(field * 8 + wire));
  for (let bytes = 1; bytes <= 9; bytes += 1)
    tails.push([`varint cut after ${bytes} bytes`, [...tag(1000, 0), ...fill(bytes, 0x80)]]);
  for (const bytes of [1, 2, 3, 4]) tails.push([`tag cut after ${bytes} bytes`, fill(bytes, 0x80)]);
  for (const have of [0, 1, 2, 3, 4, 5, 6, 7])
    tails.push([`fixed64 of ${have} bytes`, [...tag(1000, 1), ...fill(have, 1)]]);
  for (const have of [0, 1, 2, 3]) tails.push([`fixed32 of ${have} bytes`, [...tag(1000, 5), ...fill(have, 1)]]);
  for (const length of [1n, 2n, 127n, 128n, 65_536n, 2n ** 31n - 1n, 2n ** 32n - 1n])
    tails.push([`${length} bytes announced, none there`, [...tag(1000, 2), ...varint(length)]]);
  for (const wire of [6, 7])
    for (const field of [1, 2, 15, 16, 1000, 536_870_911])
      tails.push([`wire type ${wire} of field ${field}`, tag(field, wire)]);
  tails.push(['end of a group that never began', tag(1000, 4)]);
  for (const depth of [1, 2, 50]) tails.push([`${depth} groups without an end`, fillWith(depth, tag(1000, 3))]);
  for (const depth of [200, 1_000, 10_000, 100_000])
    tails.push([`groups ${depth} deep`, [...fillWith(depth, tag(1000, 3)), ...fillWith(depth, tag(1000, 4))]]);
  for (const length of INCOMPLETE_AT)
    tails.push([`unknown fields cut after ${length} bytes`, [...unknownFields().subarray(0, length)]]);
  return tails.map(([name, bytes]) => ({ name, tail: Buffer.from(bytes) }));
}

/** After how many bytes of `unknownFields` a field is begun and not complete. */
const INCOMPLETE_AT = Array.from({ length: 32 }, (_, at) => at).filter((at) => ![0, 3, 13, 19, 25].includes(at));

/** Correct bytes of fields that nobody knows: a newer client sends them and an older server passes over them. */
export function unknownFields(): Buffer {
  const tag = (wire: number): number[] => varint(BigInt(1000 * 8 + wire));
  const fields = [
    // a varint, 8 bytes, a text, 4 bytes, a group with a varint
    [...tag(0), 1],
    [...tag(1), ...fill(8, 7)],
    [...tag(2), 3, 1, 2, 3],
    [...tag(5), 1, 2, 3, 4],
    [...tag(3), ...tag(0), 9, ...tag(4)],
  ];
  return Buffer.from(fields.flat());
}

const fill = (count: number, byte: number): number[] => Array<number>(count).fill(byte);
const fillWith = (count: number, bytes: readonly number[]): number[] =>
  Array<readonly number[]>(count).fill(bytes).flat();

export function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}
