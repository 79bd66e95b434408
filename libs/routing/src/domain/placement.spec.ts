import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, murmur3 } from '@slipway/stats';
import { sampleExperiment } from '../testing/sample-experiment.ts';
import { createSplitter } from './assignment.ts';
import { createPlacement } from './placement.ts';
import { HASH_VERSION } from './routing-experiment.ts';

const unit = (index: number): string => createHash('sha256').update(String(index)).digest('hex');
const text = fc.string({ unit: 'grapheme', maxLength: 40 });

describe('placement of units', () => {
  it('is the Murmur3 hash of salt and unit hash as text, mapped as flagd maps it', () => {
    fc.assert(
      fc.property(text, fc.nat(), (salt, index) => {
        const exact = Number((BigInt(murmur3(salt + unit(index))) * 1000n) >> 32n);
        expect(createPlacement(salt, HASH_VERSION)(unit(index))).toBe(exact);
        expect(exact).toBe(bucketOf(murmur3(salt + unit(index)), 1000));
      }),
    );
  });

  // Hashes and choices of the tests of open-feature/flagd, core/pkg/evaluator/fractional_test.go: four weights of 25.
  it.each([
    ['headerColor', 'rachel@faas.com', 1_805_633_606, 1],
    ['headerColor', 'monica@faas.com', 3_314_683_759, 3],
    ['headerColor', 'joey@faas.com', 309_582_631, 0],
    ['headerColor', 'ross@faas.com', 1_595_699_981, 1],
    ['my-seed', 'rachel@faas.com', 2_931_187_178, 2],
    ['my-seed', 'monica@faas.com', 309_002_457, 0],
    ['my-seed', 'joey@faas.com', 1_300_152_927, 1],
    ['my-seed', 'ross@faas.com', 3_030_988_938, 2],
    ['', 'ross@faas.com', 345_441_592, 0],
  ])('hashes %s%s as flagd does', (salt, key, hash, choice) => {
    expect(murmur3(salt + key)).toBe(hash);
    expect(Math.floor(bucketOf(hash, 100) / 25)).toBe(choice);
  });

  it('never takes a unit from the treatment while its share grows from 0 to 1000', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { minLength: 50, maxLength: 50 }), (salt, indexes) => {
        const placeOf = createPlacement(salt, HASH_VERSION);
        const places = indexes.map((index) => placeOf(unit(index)));
        const sizes = Array.from({ length: 1001 }, (_, share) => places.map((place) => place < share));
        const left = sizes.filter((inside, share) => sizes[share - 1]?.some((was, at) => was && !inside[at]));
        expect(left).toEqual([]);
        expect([sizes[0]?.includes(true), sizes[1000]?.includes(false)]).toEqual([false, false]);
      }),
      { numRuns: 20 },
    );
  });

  it('gives the second arm by nothing but place and share', () => {
    const placeOf = createPlacement('salt', HASH_VERSION);
    for (const share of [0, 1, 300, 500, 999, 1000]) {
      const split = createSplitter(sampleExperiment({ share }));
      for (let index = 0; index < 200; index += 1) {
        const arm = placeOf(unit(index)) < share ? 1 : 0;
        expect(split(unit(index))).toEqual({ unitHash: unit(index), arm, share: arm === 1 ? share : 1000 - share });
      }
    }
  });

  it('follows the share', () => {
    const placeOf = createPlacement('salt', HASH_VERSION);
    const places = Array.from({ length: 20_000 }, (_, index) => placeOf(unit(index)));
    for (const share of [1, 50, 333, 500, 999]) {
      const inside = places.filter((place) => place < share).length / places.length;
      const deviation = Math.sqrt(((share / 1000) * (1 - share / 1000)) / places.length);
      expect(Math.abs(inside - share / 1000)).toBeLessThan(4 * deviation);
    }
  });

  it('of two experiments has nothing in common', () => {
    const [first, second] = [createPlacement('one', HASH_VERSION), createPlacement('two', HASH_VERSION)];
    const both = Array.from({ length: 10_000 }, (_, index) => unit(index)).filter(
      (hash) => first(hash) < 500 && second(hash) < 500,
    );
    expect(Math.abs(both.length - 2500)).toBeLessThan(4 * Math.sqrt(10_000 * 0.25 * 0.75));
  });

  it('refuses a version that it does not know', () => {
    expect(() => createPlacement('salt', 2)).toThrow('does not know hash version 2');
  });
});
