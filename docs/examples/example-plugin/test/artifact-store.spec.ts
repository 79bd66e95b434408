import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { artifactStoreSuite } from '@slipway/plugin-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { singleFolderPlugin } from '../src/index.ts';
import { dependenciesIn, temporaryFolder } from './dependencies.ts';

const never = new AbortController().signal;
const PATH = artifactPath('default', 'a');
const create = (folder: string): ArtifactStore =>
  singleFolderPlugin.create(singleFolderPlugin.parseConfig({ fsync: 'false' }), dependenciesIn(folder));

artifactStoreSuite('single-folder', async () => {
  const folder = temporaryFolder();
  return {
    create: () => create(folder.path),
    leftovers: async () => readdirSync(join(folder.path, 'incoming')),
    remove: async () => folder.remove(),
  };
});

describe('the files of the single-folder store', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ArtifactStore;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = create(folder.path);
    await store.open(never);
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('twelve bytes');
    }
    await store.write(PATH, content(), {}, never);
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });
  const file = (): string => join(folder.path, readdirSync(folder.path).find((name) => name !== 'incoming') ?? '');
  const readAll = async (): Promise<void> => {
    for await (const chunk of await store.read(PATH, undefined, never)) expect(chunk.byteLength).toBeGreaterThan(0);
  };

  it('are found out when they are cut or changed', async () => {
    const whole = readFileSync(file());
    writeFileSync(file(), Buffer.concat([Buffer.from('T'), whole.subarray(1)]));
    await expect(readAll()).rejects.toMatchObject({ kind: 'data-loss' });
    truncateSync(file(), whole.byteLength - 1);
    await expect(readAll()).rejects.toMatchObject({ kind: 'data-loss' });
    truncateSync(file(), 0);
    await expect(store.stat(PATH, never)).rejects.toMatchObject({ kind: 'data-loss' });
  });

  it('of writers that died long ago are removed by the next open, younger ones are not', async () => {
    const [old, young] = ['old', 'young'].map((name) => join(folder.path, 'incoming', name)) as [string, string];
    writeFileSync(old, 'x');
    writeFileSync(young, 'x');
    utimesSync(old, new Date(0), new Date(0));
    await create(folder.path).open(never);
    expect(readdirSync(join(folder.path, 'incoming'))).toEqual(['young']);
  });
});
