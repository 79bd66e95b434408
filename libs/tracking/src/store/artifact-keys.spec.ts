import { FILE_PATH_PATTERN, InvalidArgumentError } from '@slipway/kernel';
import { artifactPath } from '@slipway/plugin-kit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArtifactHome } from '../domain/artifact-home.ts';
import { escapeName, placeOf, unescapeName } from './artifact-keys.ts';

const HOME: ArtifactHome = {
  kind: 'run',
  id: 'r1',
  experimentId: 3n,
  deleted: false,
  resource: 'experiments/3/runs/r1',
};

/** Names as people have them and as nobody does, many of them around what escaped names look like. */
const names = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom('~', 'u', '=', '-', '_', ' ', '.', 'a', 'Z', '(', 'é', '模'),
      minLength: 1,
      maxLength: 12,
    }),
    fc
      .string({ unit: fc.constantFrom('a', '=', 'w6k', 'Lw', '~u~', ' '), minLength: 1, maxLength: 6 })
      .map((text) => `~u~${text}`),
  )
  .filter((name) => !name.includes('/') && FILE_PATH_PATTERN.test(`x/${name}`));

describe('escaped names', () => {
  it('become segments that the store takes, and come back', () => {
    fc.assert(
      fc.property(names, (name) => {
        const segment = escapeName(name);
        expect(unescapeName(segment)).toBe(name);
        expect(artifactPath(segment)).toBe(segment);
      }),
      { numRuns: 5_000 },
    );
  });

  it('are different for different names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { minLength: 2, maxLength: 20 }), (several) => {
        expect(new Set(several.map(escapeName)).size).toBe(several.length);
      }),
    );
  });

  it('leave names as they are that were stored before there were escapes', () => {
    const plain = fc
      .stringMatching(/^[A-Za-z0-9_=@+,~-][A-Za-z0-9._=@+,~-]{0,40}$/)
      .filter((name) => !name.startsWith('~u~'));
    fc.assert(
      fc.property(plain, (name) => {
        expect([escapeName(name), unescapeName(name)]).toEqual([name, name]);
      }),
    );
  });

  it.each([
    ['.hidden', '~u~.hidden'],
    ['a (1).csv', '~u~a =KA=1=KQ=.csv'],
    ['模型', '~u~=5qih5Z6L='],
    ['~u~x', '~u~x'],
    ['~u~=w6k=', '~u~~u~=PQ=w6k=PQ='],
    ['end ', '~u~end=IA='],
  ])('%s is kept as %s', (name, segment) => {
    expect(escapeName(name)).toBe(segment);
    expect(unescapeName(segment)).toBe(name);
  });

  it.each(['~u~=Lw=', '~u~=Li4=', '~u~=AA=', '~u~..'])('%s stands for no other name', (segment) => {
    expect(unescapeName(segment)).toBe(segment);
  });
});

describe('places of files', () => {
  it('are below their home, one segment for one', () => {
    expect(placeOf('w', HOME, 'a/é/b')).toBe('w/tracking/3/r1/artifacts/a/~u~=w6k=/b');
    expect(placeOf('w', { ...HOME, kind: 'model', id: 'm-1' }, '')).toBe('w/tracking/3/models/m-1/artifacts');
  });

  it.each([
    ['é'.repeat(130)],
    ['a'.repeat(256)],
    [Array(30).fill('a').join('/')],
    [Array(8).fill('a'.repeat(120)).join('/')],
  ])('refuses what is too long: %s', (path) => {
    expect(() => placeOf('w', HOME, path)).toThrow(InvalidArgumentError);
  });
});
