import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { artifactStoreSuite, type ArtifactStorage } from '@slipway/plugin-kit/testing';
import { sized, temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { artifactsLocalPlugin } from './index.ts';
import { leftovers } from './testing/leftovers.ts';

const MEBI = 1024 * 1024;
const signal = new AbortController().signal;
const PATH = artifactPath('default', 'm', 'x.bin');

function createStore(directory: string, raw: Record<string, unknown> = { fsync: false }): ArtifactStore {
  return artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig(raw), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: directory,
  });
}

async function* content(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function textOf(store: ArtifactStore, path = PATH): Promise<string> {
  let text = '';
  for await (const chunk of await store.read(path, undefined, signal)) text += Buffer.from(chunk).toString();
  return text;
}

for (const fsync of [true, false]) {
  artifactStoreSuite(
    `local files, fsync ${fsync}`,
    async (): Promise<ArtifactStorage> => {
      const directory = temporaryDirectory();
      return {
        create: () => createStore(directory.path, { fsync }),
        leftovers: async () => leftovers(directory.path),
        remove: async () => directory.remove(),
      };
    },
    { streamBytes: sized({ small: 160 * MEBI, full: 256 * MEBI }) },
  );
}

describe('local artifact store', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let store: ArtifactStore;
  beforeEach(async () => {
    directory = temporaryDirectory();
    store = createStore(directory.path);
    await store.open(signal);
  });
  afterEach(async () => {
    await store.close();
    directory.remove();
  });
  const reopen = async (): Promise<void> => {
    await store.close();
    store = createStore(directory.path);
    await store.open(signal);
  };

  it('stores the same content once, and lets it go with its last path', async () => {
    const infos = [];
    for (const name of ['a', 'b'])
      infos.push(await store.write(artifactPath('default', name), content('same'), {}, signal));
    const sha256 = infos[0]?.sha256 ?? '';
    const blobs = join(directory.path, 'blobs', 'sha256', sha256.slice(0, 2), sha256);
    const inodes = readdirSync(blobs).map((name) => lstatSync(join(blobs, name)).ino);
    expect(inodes).toHaveLength(2);
    expect(new Set(inodes).size).toBe(1);
    await store.delete(artifactPath('default', 'a'), signal);
    expect(readdirSync(blobs)).toHaveLength(1);
    await store.delete(artifactPath('default', 'b'), signal);
    expect(() => readdirSync(blobs)).toThrow('ENOENT');
  });

  it.each(['a directory on the way', 'the path itself'])(
    'follows no symbolic link out of the root: %s',
    async (where) => {
      const outside = temporaryDirectory();
      writeFileSync(join(outside.path, 'x.bin'), 'secret');
      mkdirSync(join(outside.path, 'empty'));
      mkdirSync(join(directory.path, 'paths', 'default'), { recursive: true });
      const planted = join(directory.path, 'paths', 'default', 'm');
      if (where === 'the path itself') {
        mkdirSync(planted);
        symlinkSync(join(outside.path, 'x.bin'), join(planted, 'x.bin'));
      } else {
        symlinkSync(outside.path, planted);
      }
      const inner = artifactPath('default', 'm', 'empty', 'y');
      await expect(textOf(store)).rejects.toThrow();
      await store.stat(PATH, signal).catch(() => undefined);
      for (const options of [{}, { ifAbsent: true }]) {
        await store.write(PATH, content('new'), options, signal).catch(() => undefined);
        await store.write(inner, content('new'), options, signal).catch(() => undefined);
      }
      await store.delete(PATH, signal).catch(() => undefined);
      await store.delete(inner, signal).catch(() => undefined);
      const listed = await store.list(artifactPath('default'), { pageSize: 10 }, signal);
      expect(listed.items.map((item) => item.path)).not.toContain('default/m/secret');
      await store.list(artifactPath('default', 'm'), { pageSize: 10 }, signal).catch(() => undefined);
      expect(readdirSync(outside.path).sort()).toEqual(['empty', 'x.bin']);
      expect(readdirSync(join(outside.path, 'empty'))).toEqual([]);
      expect(readFileSync(join(outside.path, 'x.bin'), 'utf8')).toBe('secret');
      outside.remove();
    },
  );

  it('lists nothing behind a planted link', async () => {
    const outside = temporaryDirectory();
    const other = createStore(outside.path);
    await other.open(signal);
    await other.write(artifactPath('default', 'hidden'), content('x'), {}, signal);
    await store.write(artifactPath('default', 'seen'), content('x'), {}, signal);
    symlinkSync(join(outside.path, 'paths', 'default'), join(directory.path, 'paths', 'default', 'link'));
    const listed = await store.list(artifactPath('default'), { pageSize: 10 }, signal);
    expect(listed.items.map((item) => item.path)).toEqual(['default/seen']);
    await expect(store.list(artifactPath('default', 'link'), { pageSize: 10 }, signal)).rejects.toMatchObject({
      kind: 'failed-precondition',
    });
    await other.close();
    outside.remove();
  });

  it('tells damaged content and damaged entries apart from missing ones', async () => {
    const info = await store.write(PATH, content('whole content'), {}, signal);
    const blobs = join(directory.path, 'blobs', 'sha256', info.sha256.slice(0, 2), info.sha256);
    const [blob = ''] = readdirSync(blobs);
    truncateSync(join(blobs, blob), 5);
    await expect(textOf(store)).rejects.toMatchObject({ kind: 'data-loss' });
    const stillThere = { offset: 0, length: 3 };
    await expect(store.read(PATH, stillThere, signal)).rejects.toMatchObject({ kind: 'data-loss' });
    rmSync(join(blobs, blob));
    await expect(textOf(store)).rejects.toMatchObject({ kind: 'data-loss' });
    writeFileSync(join(directory.path, 'paths', PATH), '{"version":1');
    await expect(store.stat(PATH, signal)).rejects.toMatchObject({ kind: 'data-loss' });
  });

  it('does not link new content to damaged content of the same digest but another size', async () => {
    const info = await store.write(artifactPath('default', 'first'), content('precious'), {}, signal);
    const blobs = join(directory.path, 'blobs', 'sha256', info.sha256.slice(0, 2), info.sha256);
    truncateSync(join(blobs, readdirSync(blobs)[0] ?? ''), 3);
    await store.write(PATH, content('precious'), {}, signal);
    expect(await textOf(store)).toBe('precious');
  });

  it('cleans up only when no other store is open, and never the work of one', async () => {
    const stale = join(directory.path, 'incoming', '00000000-dead.content');
    const other = createStore(directory.path);
    await other.open(signal);
    writeFileSync(stale, 'left by a writer that died');
    await reopen();
    expect(readdirSync(join(directory.path, 'incoming'))).toEqual(['00000000-dead.content']);
    await other.close();
    await reopen();
    expect(readdirSync(join(directory.path, 'incoming'))).toEqual([]);
  });

  it('writes where a writer that died has left empty directories', async () => {
    mkdirSync(join(directory.path, 'paths', PATH, 'a', 'b'), { recursive: true });
    await store.write(PATH, content('here'), { ifAbsent: true }, signal);
    expect(await textOf(store)).toBe('here');
  });

  it('survives writers and deleters in one directory at once', async () => {
    const paths = Array.from({ length: 8 }, (_, index) => artifactPath('default', 'deep', 'er', `f${index}`));
    for (let round = 0; round < 20; round++) {
      await Promise.all(paths.map((path) => store.write(path, content(path), {}, signal)));
      await Promise.all(
        paths.map((path, index) =>
          index % 2 === 0
            ? store.delete(path, signal)
            : store.delete(path, signal).then(() => store.write(path, content(path), {}, signal)),
        ),
      );
      await Promise.all(paths.map((path) => store.delete(path, signal)));
    }
    expect(leftovers(directory.path)).toEqual([]);
    expect(readdirSync(join(directory.path, 'paths'))).toEqual([]);
  });

  it('lists every problem of its settings by name', () => {
    expect(() => artifactsLocalPlugin.parseConfig({ directory: 'relative', fsync: 'maybe', colour: 'red' })).toThrow(
      /(?=.*directory)(?=.*fsync)(?=.*colour)/s,
    );
    expect(artifactsLocalPlugin.parseConfig({ fsync: 'false', directory: '/var/lib/x' })).toEqual({
      fsync: false,
      directory: '/var/lib/x',
    });
  });
});
