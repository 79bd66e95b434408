import { DomainError, InvalidArgumentError } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artifactPath } from '../artifact-store.ts';
import { chunked, collect, randomBytes, unaborted, type ArtifactStoreFixture } from './artifact-store-harness.ts';

const HOSTILE: readonly (readonly [string, readonly string[]])[] = [
  ['parent', ['..']],
  ['parent inside', ['default', 'a/../b']],
  ['parent as a segment', ['default', '..', 'b']],
  ['here', ['default/./b']],
  ['escaped parent', ['default', '%2e%2e', 'b']],
  ['escaped slash', ['default', 'a%2fb']],
  ['backslash', ['default', 'a\\b']],
  ['NUL', ['default', 'a\0b']],
  ['line break', ['default', 'a\nb']],
  ['absolute', ['/etc/passwd']],
  ['drive', ['C:/windows']],
  ['empty', ['']],
  ['no segment', []],
  ['empty segment', ['default', '', 'b']],
  ['double slash', ['default//b']],
  ['slash at the end', ['default/b/']],
  ['leading dot', ['default', '.hidden']],
  ['leading space', ['default', ' a']],
  ['trailing space', ['default', 'a ']],
  ['dots of another script', ['default', '\u2024\u2024', 'b']],
  ['slash of another script', ['default', 'a\u2215b']],
  ['full-width dots', ['default', '\uff0e\uff0e']],
  ['combining mark', ['default', 'e\u0301']],
  ['long', ['default', 'a/'.repeat(2_500).slice(0, -1)]],
  ['long segment', ['default', 'a'.repeat(5_000)]],
  ['segment of 256', ['default', 'a'.repeat(256)]],
  ['897 characters', ['default', ...Array.from({ length: 4 }, () => 'y'.repeat(200)), 'z'.repeat(85)]],
  ['33 segments', Array.from({ length: 33 }, () => 'a')],
  ['shell', ['default', '$(id)']],
  ['query', ['default', 'a?versionId=1']],
];

export function pathTests(current: () => ArtifactStoreFixture): void {
  describe('paths', () => {
    it.each(HOSTILE)('that are hostile are none: %s', (_, segments) => {
      expect(() => artifactPath(...segments)).toThrow(InvalidArgumentError);
    });

    it('are either refused or free of anything that leaves the root', () => {
      fc.assert(
        fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 4 }), (segments) => {
          try {
            expect(artifactPath(...segments)).toMatch(/^(?!\.)[ -~]+$/);
            expect(artifactPath(...segments)).not.toMatch(/\/\.|\/\/|^\/|\/$|[\\%?*]/);
          } catch (error) {
            if (!(error instanceof InvalidArgumentError)) throw error;
          }
        }),
      );
    });

    it.each([
      ['every allowed character', artifactPath('default', 'AZaz09_=@+,~-', 'a._=@+,~- b')],
      ['a segment of 255', artifactPath('default', 'x'.repeat(255))],
      ['32 segments', artifactPath(...Array.from({ length: 32 }, () => 'd'))],
      ['896 characters', artifactPath('default', ...Array.from({ length: 4 }, () => 'y'.repeat(200)), 'z'.repeat(84))],
    ])('round trip with %s', async (_, path) => {
      const { store, storage } = current();
      const content = randomBytes(1, 100);
      await store.write(path, chunked(content, 64), { ifAbsent: true }, unaborted);
      expect(await collect(await store.read(path, undefined, unaborted))).toEqual(content);
      const listed = await store.list(artifactPath(path.split('/')[0] ?? ''), { pageSize: 2 }, unaborted);
      expect(listed.items.map((item) => item.path)).toEqual([path]);
      await store.delete(path, unaborted);
      expect(await store.stat(path, unaborted)).toBeUndefined();
      expect(await storage.leftovers()).toEqual([]);
    });

    it('below another path are refused with an error of ours or kept apart from it', async () => {
      const { store, storage } = current();
      const [upper, lower] = [artifactPath('default', 'a'), artifactPath('default', 'a', 'b')];
      await store.write(upper, chunked(randomBytes(2, 10), 5), {}, unaborted);
      const outcome = await store
        .write(lower, chunked(randomBytes(3, 10), 5), {}, unaborted)
        .catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(DomainError);
        expect(outcome).toMatchObject({ kind: 'failed-precondition' });
      }
      expect(await collect(await store.read(upper, undefined, unaborted))).toEqual(randomBytes(2, 10));
      await store.delete(upper, unaborted);
      await store.write(lower, chunked(randomBytes(4, 10), 5), {}, unaborted);
      await store.write(upper, chunked(randomBytes(5, 10), 5), {}, unaborted).catch((error: unknown) => {
        expect(error).toMatchObject({ kind: 'failed-precondition' });
      });
      expect(await collect(await store.read(lower, undefined, unaborted))).toEqual(randomBytes(4, 10));
      await store.delete(lower, unaborted);
      await store.write(upper, chunked(randomBytes(6, 10), 5), {}, unaborted); // the directory is gone with its last path
      expect(await storage.leftovers()).toEqual([]);
    });
  });
}
