import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, ViewTable } from '@slipway/plugin-kit';
import { createIdSource, systemClock, systemRandom } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IndexCache } from './index-cache.ts';

const MEBI = 1024 * 1024;
const never = new AbortController().signal;
const view = (snapshotId: string): ViewTable => ({
  name: 'v',
  files: [],
  snapshotId,
  keys: [{ name: 'k', type: 'string' }],
  features: [],
});

describe('the cache of indexes', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let cache: IndexCache;
  let built: string[];
  let now: bigint;
  beforeEach(() => {
    directory = temporaryDirectory();
    now = 1_000_000_000_000_000n;
    const clock: Clock = { ...systemClock, now: () => (now += 1_000_000n) };
    cache = new IndexCache(directory.path, 2, { clock, ids: createIdSource(systemClock, systemRandom) });
    built = [];
  });
  afterEach(() => directory.remove());

  const build =
    (snapshotId: string, bytes = MEBI) =>
    (file: string) => {
      built.push(snapshotId);
      writeFileSync(file, Buffer.alloc(bytes));
      return Promise.resolve();
    };
  const use = (snapshotId: string, bytes?: number) =>
    cache.use(view(snapshotId), true, never, build(snapshotId, bytes), (file) => Promise.resolve(file));

  it('builds once, and again for another snapshot, definition or kind', async () => {
    for (const id of ['a', 'a', 'b']) await use(id, 10);
    await cache.use(view('a'), false, never, build('a without cut-off', 10), () => Promise.resolve());
    await cache.use({ ...view('a'), keys: [] }, true, never, build('a with other keys', 10), () => Promise.resolve());
    await use('a', 10);
    expect(built).toEqual(['a', 'b', 'a without cut-off', 'a with other keys']);
  });

  it('removes the least recently used files beyond its size', async () => {
    for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await use(id);
    expect(built).toEqual(['a', 'b', 'c', 'b']);
    expect(readdirSync(directory.path)).toHaveLength(2);
  });

  it('keeps a file that is in use, however large', async () => {
    await cache.use(view('large'), true, never, build('large', 3 * MEBI), async (file) => {
      await use('a');
      expect(readdirSync(directory.path).map((name) => join(directory.path, name))).toContain(file);
    });
    expect(readdirSync(directory.path)).toHaveLength(0);
  });

  it('lets concurrent users wait for one build, and build themselves when it fails', async () => {
    let fail: (error: Error) => void = () => undefined;
    const failing = (): Promise<void> => new Promise((_, reject) => (fail = reject));
    const first = cache.use(view('a'), true, never, failing, () => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 20));
    const others = [use('a', 10), use('a', 10)];
    const controller = new AbortController();
    const stopped = cache.use(view('a'), true, controller.signal, build('stopped'), () => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    fail(new Error('aborted by its own caller'));
    await expect(first).rejects.toThrow('aborted by its own caller');
    await Promise.all(others);
    expect(built).toEqual(['a']);
  });

  it('leaves nothing of a build that failed, and removes what a crash has left', async () => {
    const broken = (file: string): Promise<void> => {
      writeFileSync(file, 'half');
      return Promise.reject(new Error('broken'));
    };
    await expect(cache.use(view('a'), true, never, broken, () => Promise.resolve())).rejects.toThrow('broken');
    expect(readdirSync(directory.path)).toEqual([]);
    writeFileSync(join(directory.path, 'x.parquet.1.part'), 'half');
    await cache.removeUnfinished();
    expect(readdirSync(directory.path)).toEqual([]);
  });
});
