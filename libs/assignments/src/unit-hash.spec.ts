import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitHash, unitHasher } from './unit-hash.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

describe('unit hash', () => {
  it('is the sha256 of the keys as sorted JSON', () => {
    expect(unitHash({ origin: 'JFK', day: 986_688_000_000_000n, late: true })).toBe(
      sha256('{"day":986688000000000,"late":true,"origin":"JFK"}'),
    );
    expect(unitHash({ name: 'Zoë "x"' })).toBe(sha256('{"name":"Zoë \\"x\\""}'));
  });

  it('keeps 64 bits', () => {
    expect(unitHash({ id: 9_223_372_036_854_775_807n })).toBe(sha256('{"id":9223372036854775807}'));
    expect(unitHash({ id: 9_223_372_036_854_775_807n })).not.toBe(unitHash({ id: 9_223_372_036_854_775_806n }));
  });

  it('is empty without keys', () => {
    expect(unitHash({})).toBe('');
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.bigInt(), fc.boolean())), (keys) => {
        const names = Object.keys(keys).reverse();
        expect(unitHasher(names)(names.map((name) => keys[name] ?? null))).toBe(unitHash(keys));
      }),
    );
  });
});
