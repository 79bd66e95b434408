import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIdSource, seededRandom, systemClock, UnavailableError } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackagePart, VersionRef } from '../domain/ports.ts';
import { PackageCache, type PackageCacheOptions } from './package-cache.ts';

const never = new AbortController().signal;
const digestOf = (version: number): string => version.toString(16).padStart(64, '0');
const ref = (version: number): VersionRef => ({
  workspace: 'default',
  model: 'm',
  version: BigInt(version),
  digest: digestOf(version),
});
const parts = (size: number, path = 'model.onnx'): PackagePart[] => [
  { kind: 'envelope', json: '{}' },
  { kind: 'file', path },
  { kind: 'chunk', bytes: new Uint8Array(size).fill(1) },
  { kind: 'chunk', bytes: new Uint8Array(size).fill(2) },
];

let directory = temporaryDirectory();
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

function make(content: () => readonly PackagePart[], options: Partial<PackageCacheOptions> = {}) {
  let downloads = 0;
  const cache = new PackageCache({
    directory: directory.path,
    bytesMax: 10_000,
    packageBytesMax: 5_000,
    ids: createIdSource(systemClock, seededRandom(1)),
    pinned: () => new Set(),
    source: {
      async *download() {
        downloads += 1;
        yield* content();
      },
    },
    ...options,
  });
  return { cache, downloads: () => downloads };
}
const kept = (): string[] => readdirSync(directory.path).map((name) => `${Number.parseInt(name, 16)}`);

describe('package cache', () => {
  it('keeps what it fetched, whole, and fetches it once', async () => {
    const { cache, downloads } = make(() => parts(100));
    const first = await cache.open(ref(1), never);
    const again = await cache.open(ref(1), never);
    expect([first.fromCache, again.fromCache, downloads()]).toEqual([false, true, 1]);
    const bytes = await again.readFile('model.onnx', 200, never);
    expect([bytes.length, bytes[99], bytes[100]]).toEqual([200, 1, 2]);
  });

  it('reads no file of another size than the manifest says, and none it does not have', async () => {
    const { cache } = make(() => parts(100));
    const opened = await cache.open(ref(1), never);
    await expect(opened.readFile('model.onnx', 199, never)).rejects.toMatchObject({ reason: 'FILE_DIGEST_MISMATCH' });
    await expect(opened.readFile('envelope.json', 2, never)).rejects.toMatchObject({ kind: 'data-loss' });
  });

  it('writes nowhere else, whatever the path of a file is', async () => {
    const path = '../../escaped/model.onnx';
    const { cache } = make(() => parts(10, path));
    const opened = await cache.open(ref(1), never);
    expect(await opened.readFile(path, 20, never)).toHaveLength(20);
    expect(existsSync(join(directory.path, '..', '..', 'escaped'))).toBe(false);
    expect(readdirSync(join(directory.path, digestOf(1))).sort()).toEqual(['0', 'envelope.json', 'files.json']);
  });

  it('refuses a digest that is a path', async () => {
    const { cache } = make(() => parts(10));
    await expect(cache.open({ ...ref(1), digest: '../x' }, never)).rejects.toMatchObject({
      reason: 'PACKAGE_DIGEST_INVALID',
    });
  });

  it.each<[string, () => PackagePart[], string]>([
    ['too many bytes', () => parts(2_501), 'PACKAGE_TOO_LARGE'],
    ['too many files', () => Array.from({ length: 65 }, (_, index) => ({ kind: 'file', path: `${index}` })), 'PACKAGE_TOO_LARGE'],
    ['bytes of no file', () => [{ kind: 'chunk', bytes: Buffer.of(1) }], 'PACKAGE_INCOMPLETE'],
    ['no envelope', () => parts(10).slice(1), 'PACKAGE_INCOMPLETE'],
  ])('refuses %s', async (_, content, reason) => {
    const { cache } = make(content);
    await expect(cache.open(ref(1), never)).rejects.toMatchObject({ reason });
  }); // prettier-ignore

  it('keeps nothing of a download that breaks off, also not after a crash', async () => {
    const { cache } = make(() => {
      throw new UnavailableError('away');
    });
    mkdirSync(join(directory.path, 'incoming-left-over'));
    writeFileSync(join(directory.path, 'incoming-left-over', '0'), 'half');
    await cache.prepare();
    await expect(cache.open(ref(1), never)).rejects.toThrow('away');
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('gives up the least recently opened packages first, those in use last, the newest never', async () => {
    const { cache } = make(() => parts(1_000), { bytesMax: 6_300, pinned: () => new Set([digestOf(1)]) });
    for (const version of [1, 2, 3]) {
      await cache.open(ref(version), never);
      utimesSync(join(directory.path, digestOf(version)), version, version); // seconds apart, not nanoseconds
    }
    await cache.open(ref(2), never); // now 3 is the one not opened for the longest time
    await cache.open(ref(4), never);
    expect(kept()).toEqual(['1', '2', '4']);
    const tiny = make(() => parts(1_000), { bytesMax: 100, pinned: () => new Set([digestOf(1)]) });
    await tiny.cache.open(ref(5), never);
    expect(kept()).toEqual(['5']);
  });
});
