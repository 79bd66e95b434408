/** Randomness as an argument, so that a test can replay it. */
export interface Random {
  /** `count` bytes, uniform; cryptographic strength only where the implementation says so. */
  bytes(count: number): Uint8Array;
}

/** Deterministic stream from a 32-bit seed (mulberry32). For tests and examples, never for secrets. */
export function seededRandom(seed: number): Random & { next(): number } {
  let state = seed >>> 0;
  const nextUint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => nextUint32() & 0xff),
    /** In [0, 1). */
    next: () => nextUint32() / 2 ** 32,
  };
}
