import { utf8 } from './utf8.ts';

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3 x86 32-bit (Austin Appleby, public domain) of the bytes, or of the UTF-8 form of a text. @param seed uint32.
 * @returns uint32. flagd, Unleash and our own assignments hash with it.
 */
export function murmur3(input: string | Uint8Array, seed = 0): number {
  const bytes = typeof input === 'string' ? utf8(input) : input;
  const blocksEnd = bytes.length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < blocksEnd; at += 4) {
    const block =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (blocksEnd < bytes.length) {
    // past the end reads undefined: those bytes count as 0
    hash ^= scramble(
      (bytes[blocksEnd] ?? 0) | ((bytes[blocksEnd + 1] ?? 0) << 8) | ((bytes[blocksEnd + 2] ?? 0) << 16),
    );
  }
  return finish(hash ^ bytes.length);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}

function finish(mixed: number): number {
  let hash = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Maps a hash onto `[0, total)`: `(hash * total) >> 32`, as flagd's fractional evaluation does; finer and more even than `hash % 100`.
 * @param hash uint32. @param total integer, 1 to 2^31 - 1.
 */
export function bucketOf(hash: number, total: number): number {
  // the product needs up to 63 bits: multiplied in two halves of the hash, each product stays below 2^47
  const low = (hash & 0xffff) * total;
  return Math.floor(((hash >>> 16) * total + Math.floor(low / 0x10000)) / 0x10000);
}
