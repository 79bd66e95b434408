import { seededRandom } from '@slipway/kernel';

/** Inputs that follow from the seed of the bench and a name. */
export interface RandomRows {
  /** @returns values in [-1, 1), the same for equal seed and name. */
  floats(name: string, count: number): Float32Array;
}

export function randomRows(seed: number): RandomRows {
  return {
    floats: (name, count) => {
      const random = seededRandom((seed ^ hashOf(name)) >>> 0);
      return Float32Array.from({ length: count }, () => random.next() * 2 - 1);
    },
  };
}

/** FNV-1a: spreads names over 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
