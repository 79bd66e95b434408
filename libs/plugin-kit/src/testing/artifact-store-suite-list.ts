import { InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { artifactPath, type ArtifactPath } from '../artifact-store.ts';
import { chunked, failureOf, sha256Of, unaborted, type ArtifactStoreFixture } from './artifact-store-harness.ts';

/** Names whose byte order differs from that of a directory walk, of a locale and of numbers. */
const BELOW = [
  'a/b',
  'a-b',
  'a+x/y',
  'a0',
  'a=',
  'a,b/c/d',
  'Z',
  'b',
  'B/1',
  'a/c',
  'a b',
  'a~',
  '10',
  '9',
  '_',
  '@',
  'a.b',
  'z/z/z/z',
];
const PREFIX = artifactPath('default', 'runs');

export function listTests(current: () => ArtifactStoreFixture): void {
  const put = async (path: ArtifactPath): Promise<void> => {
    await current().store.write(path, chunked(Buffer.from(path), 10), {}, unaborted);
  };
  const pages = async (prefix: ArtifactPath, pageSize: number): Promise<string[][]> => {
    const all: string[][] = [];
    let pageToken: string | undefined;
    do {
      const page = await current().store.list(
        prefix,
        pageToken === undefined ? { pageSize } : { pageSize, pageToken },
        unaborted,
      );
      for (const item of page.items) expect(item.sha256).toBe(sha256Of(Buffer.from(item.path)));
      all.push(page.items.map((item) => item.path));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && all.length < 100);
    return all;
  };

  describe('list', () => {
    it('gives all paths below a prefix in byte order, whatever the size of a page', async () => {
      for (const name of BELOW) await put(artifactPath(PREFIX, name));
      await put(artifactPath('default', 'runs-b'));
      await put(artifactPath('default', 'run'));
      await put(artifactPath('other', 'runs', 'x'));
      const expected = BELOW.map((name) => `${PREFIX}/${name}`).sort((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
      for (const pageSize of [1, 2, 3, 7, BELOW.length - 1, BELOW.length, BELOW.length + 1, 1000]) {
        const got = await pages(PREFIX, pageSize);
        expect(got.flat()).toEqual(expected);
        expect(got.every((page) => page.length <= pageSize)).toBe(true);
        expect(got).toHaveLength(Math.ceil(BELOW.length / pageSize));
      }
    });

    it('tells the same of a path as stat', async () => {
      await put(artifactPath(PREFIX, 'one'));
      const page = await current().store.list(PREFIX, { pageSize: 5 }, unaborted);
      expect(page.items).toEqual([await current().store.stat(artifactPath(PREFIX, 'one'), unaborted)]);
      expect(page.nextPageToken).toBeUndefined();
    });

    it('gives nothing below a path, below an absent prefix and of another workspace', async () => {
      await put(artifactPath(PREFIX, 'one'));
      for (const prefix of ['default/runs/one', 'default/run', 'default/runs/on', 'other', 'default/runs/one/x']) {
        expect(await pages(artifactPath(prefix), 10)).toEqual([[]]);
      }
    });

    it('goes on behind the last path when paths come and go between two pages', async () => {
      for (const name of ['a', 'c', 'e', 'g']) await put(artifactPath(PREFIX, name));
      const first = await current().store.list(PREFIX, { pageSize: 2 }, unaborted);
      await current().store.delete(artifactPath(PREFIX, 'c'), unaborted);
      await put(artifactPath(PREFIX, 'b'));
      await put(artifactPath(PREFIX, 'd'));
      const pageToken = first.nextPageToken ?? '';
      const second = await current().store.list(PREFIX, { pageSize: 10, pageToken }, unaborted);
      expect(first.items.map((item) => item.path)).toEqual(['default/runs/a', 'default/runs/c']);
      expect(second.items.map((item) => item.path)).toEqual(['default/runs/d', 'default/runs/e', 'default/runs/g']);
    });

    it('refuses page sizes outside 1..1000 and tokens it has not given', async () => {
      await put(artifactPath(PREFIX, 'one'));
      for (const pageSize of [0, -1, 1001, 1.5, Number.NaN]) {
        expect(await failureOf(current().store.list(PREFIX, { pageSize }, unaborted))).toBeInstanceOf(
          InvalidArgumentError,
        );
      }
      const other = Buffer.from('default/other/x').toString('base64url');
      const hostile = Buffer.from(`${PREFIX}/../../etc`).toString('base64url');
      for (const pageToken of ['', 'x', other, hostile, '%%%']) {
        const call = current().store.list(PREFIX, { pageSize: 5, pageToken }, unaborted);
        expect(await failureOf(call)).toBeInstanceOf(InvalidArgumentError);
      }
    });
  });
}
