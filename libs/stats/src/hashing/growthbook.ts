import { utf8 } from './utf8.ts';

/**
 * FNV-1a, 32 bits (Fowler, Noll, Vo), of the UTF-8 bytes. @returns uint32.
 * GrowthBook's JavaScript SDK feeds UTF-16 code units instead, and its other SDKs bytes; they differ for non-ASCII texts only.
 */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * Place of a unit in [0, 1) by GrowthBook's hash.
 * @param version 1 has steps of 1/1000 and is correlated between experiments; 2 has steps of 1/10000 and is not.
 */
export function growthbookHash(seed: string, value: string, version: 1 | 2): number {
  if (version === 1) return (fnv1a(value + seed) % 1000) / 1000;
  return (fnv1a(String(fnv1a(seed + value))) % 10_000) / 10_000;
}
