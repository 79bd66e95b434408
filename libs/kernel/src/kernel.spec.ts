import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  createIdSource,
  InvalidArgumentError,
  isPermitted,
  parseInt64,
  Secret,
  seededRandom,
  type Caller,
} from './index.ts';

const callerWith = (...permissions: string[]): Caller => ({
  principal: 'p',
  workspace: 'w',
  allWorkspaces: false,
  permissions: new Set(permissions),
});

describe('ids', () => {
  it('for all clocks are unique, strictly increasing and of version 7', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 50 }), (seed, steps) => {
        let now = 1_700_000_000_000_000n;
        const ids = createIdSource(
          { now: () => now, monotonicMs: () => 0, sleep: async () => undefined },
          seededRandom(seed),
        );
        const made = steps.map((step) => {
          now += BigInt(step) * 1000n; // a clock may go back
          return ids.next();
        });
        expect([...made].sort()).toEqual(made);
        expect(new Set(made).size).toBe(made.length);
        for (const id of made)
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });
  it('keep their order through more than 4096 in one millisecond', () => {
    const ids = createIdSource({ now: () => 0n, monotonicMs: () => 0, sleep: async () => undefined }, seededRandom(1));
    const made = Array.from({ length: 10_000 }, () => ids.next());
    expect([...made].sort()).toEqual(made);
  });
});

describe('canonical JSON', () => {
  // RFC 8785 section 3.2.3 and appendix B
  it('sorts keys and prints numbers as the RFC shows', () => {
    expect(canonicalJson({ '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\u0080': 5, '\u00f6': 6 })).toBe(
      '{"\\r":2,"1":3,"\u0080":5,"\u00f6":6,"\u20ac":1,"\ud83d\ude00":4}',
    );
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    );
  });
  it('for all JSON values parses back to the same and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });
  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 1]])('refuses %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

describe('permissions', () => {
  it('match exactly, by domain or by all', () => {
    expect(isPermitted(callerWith('registry.models.read'), 'registry.models.read')).toBe(true);
    expect(isPermitted(callerWith('registry.*'), 'registry.models.read')).toBe(true);
    expect(isPermitted(callerWith('registry.models.*'), 'registry.models.read')).toBe(true);
    expect(isPermitted(callerWith('*'), 'registry.models.read')).toBe(true);
    expect(isPermitted(callerWith('registry.models.write', 'serving.*', 'registry'), 'registry.models.read')).toBe(
      false,
    );
    expect(isPermitted(callerWith(), 'registry.models.read')).toBe(false);
  });
});

describe('a secret', () => {
  it('never prints', () => {
    const secret = new Secret('hunter2');
    const printed = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9, showHidden: true }),
    ].join(' ');
    expect(printed).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('int64 text', () => {
  it('for all 64-bit integers is exact', () => {
    fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => parseInt64(String(value)) === value));
  });
  it.each(['', '1.5', '1e3', ' 1', '9223372036854775808', '-9223372036854775809', '0x10', 'NaN'])(
    "refuses '%s'",
    (text) => {
      expect(() => parseInt64(text)).toThrow(RangeError);
    },
  );
});

describe('an invalid argument', () => {
  it('names each field', () => {
    const error = new InvalidArgumentError([
      { field: 'name', description: 'is empty' },
      { field: 'shape[0]', description: 'is negative' },
    ]);
    expect(error.message).toBe('name: is empty; shape[0]: is negative');
    expect(error.violations).toHaveLength(2);
  });
});
