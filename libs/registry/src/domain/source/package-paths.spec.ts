import * as fc from 'fast-check';
import { artifactPath } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import { packagePaths } from './package-paths.ts';

describe('paths of packages', () => {
  it('keeps plain ones and escapes the rest', () => {
    expect(packagePaths(['MLmodel', 'a/.env', 'été (1).txt', 'a=b', 'x '])).toEqual([
      'MLmodel',
      'a/=2Eenv',
      '=C3=A9t=C3=A9 =281=29.txt',
      'a=3Db',
      'x=20',
    ]);
  });

  it('tells names apart that differ by case, and leaves the envelope its own', () => {
    expect(packagePaths(['A.txt', 'a.txt', 'README', 'ReadMe', 'package.dsse.json'])).toEqual([
      'A.txt',
      '=61.txt',
      'README',
      '=52ead=4De',
      '=70ackage.dsse.json',
    ]);
  });

  it('for all names: paths of a package, no two the same', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => text !== '.' && text !== '..' && !text.includes('/'));
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
        const names = packagePaths(paths);
        expect(names.map((name) => artifactPath(name))).toEqual(names);
        expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(paths.length);
      }),
    );
  });

  it('refuses a name that is too long once it is escaped', () => {
    expect(() => packagePaths(['é'.repeat(200)])).toThrow(
      expect.objectContaining({ reason: 'PACKAGE_INVALID' }) as Error,
    );
  });
});
