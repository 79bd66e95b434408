import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv1a } from './growthbook.ts';
import { bucketOf, murmur3 } from './murmur3.ts';

describe('hashes', () => {
  it('are those of the reference implementations', () => {
    // SMHasher's verification values of MurmurHash3_x86_32, as Wikipedia lists them
    expect(murmur3('')).toBe(0);
    expect(murmur3('', 1)).toBe(0x514e28b7);
    expect(murmur3('', 0xffffffff)).toBe(0x81f16f39);
    expect(murmur3('test')).toBe(0xba6bd213);
    expect(murmur3('Hello, world!', 0x9747b28c)).toBe(0x24884cba);
    expect(murmur3('The quick brown fox jumps over the lazy dog', 0x9747b28c)).toBe(0x2fa826cd);
    // of draft-eastlake-fnv
    expect(fnv1a('')).toBe(0x811c9dc5);
    expect(fnv1a('foobar')).toBe(0xbf9cf968);
  });

  it('take the UTF-8 bytes of a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, seed) => {
        expect(murmur3(text, seed)).toBe(murmur3(Buffer.from(text), seed));
      }),
    );
  });

  it('fall into the bucket that 64-bit integers give', () => {
    const uint32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(uint32, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (hash, buckets) => {
        expect(bucketOf(hash, buckets)).toBe(Number((BigInt(hash) * BigInt(buckets)) >> 32n));
      }),
    );
  });
});
