import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileRange } from '../domain/artifact-files.ts';
import type { ArtifactHome } from '../domain/artifact-home.ts';
import { createArtifactFiles } from './artifact-files.ts';

const HOME: ArtifactHome = {
  kind: 'run',
  id: 'r1',
  experimentId: 1n,
  deleted: false,
  resource: 'experiments/1/runs/r1',
};
const { signal } = new AbortController();

let directory: ReturnType<typeof temporaryDirectory>;
let store: ArtifactStore;
beforeEach(async () => {
  directory = temporaryDirectory();
  store = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: directory.path,
  });
  await store.open(signal);
});
afterEach(async () => {
  await store.close();
  directory.remove();
});

async function* chunks(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
const write = (path: string, text: string, home = HOME) =>
  createArtifactFiles(store).write('w', home, path, chunks(Buffer.from(text)), 1_000_000, signal);

async function read(path: string, range?: FileRange): Promise<string> {
  const { content } = await createArtifactFiles(store).open('w', HOME, path, range, signal);
  const parts: Uint8Array[] = [];
  for await (const chunk of content) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

async function namesIn(folder: string, pageSize = 1_000): Promise<string[][]> {
  const pages: string[][] = [];
  for (let pageToken = ''; ;) {
    const page = await createArtifactFiles(store).list('w', HOME, folder, { pageSize, pageToken }, signal);
    pages.push(page.items.map(({ path, isDirectory }) => (isDirectory ? `${path}/` : path)));
    if (page.nextPageToken === undefined) return pages;
    pageToken = page.nextPageToken;
  }
}

describe('artifact files', () => {
  it('keep names as people have them, in the order of names', async () => {
    const names = ['.dot', 'a (1).csv', 'a', 'é/x', 'z', '模型.onnx', 'b:c/d', '~'].map((name) => `f/${name}`);
    for (const name of names) await write(name, name);
    for (const name of names) expect(await read(name)).toBe(name);
    const expected = ['f/.dot', 'f/a', 'f/a (1).csv', 'f/b:c/', 'f/z', 'f/~', 'f/é/', 'f/模型.onnx'];
    expect(await namesIn('f')).toEqual([expected]);
    expect((await namesIn('f', 3)).flat().sort()).toEqual(expected.toSorted());
    expect(await namesIn('f/é')).toEqual([['f/é/x']]);
  });

  it('read what was stored before names were escaped', async () => {
    await store.write(artifactPath('w/tracking/1/r1/artifacts/old ~=@+,/x.y'), chunks(Buffer.from('old')), {}, signal);
    expect(await read('old ~=@+,/x.y')).toBe('old');
    expect(await namesIn('')).toEqual([['old ~=@+,/']]);
  });

  it.each([
    [{ offset: 0n, length: 3n }, '012'],
    [{ offset: 3n, length: undefined }, '3456789'],
    [{ offset: 9n, length: 1n }, '9'],
    [{ offset: 8n, length: 2n ** 62n }, '89'],
  ])('give the part %o', async (range, text) => {
    await write('digits', '0123456789');
    expect(await read('digits', range)).toBe(text);
  });

  it('refuse a part that begins after the end, tell the whole file with a part', async () => {
    await write('digits', '0123456789');
    await write('empty', '');
    for (const offset of [10n, 11n, 2n ** 62n]) {
      const range = { offset, length: undefined };
      await expect(read('digits', range)).rejects.toMatchObject({ reason: 'ARTIFACT_RANGE_BEYOND_END' });
    }
    await expect(read('empty', { offset: 0n, length: 1n })).rejects.toMatchObject({
      reason: 'ARTIFACT_RANGE_BEYOND_END',
    });
    expect(await read('empty')).toBe('');
    const { file } = await createArtifactFiles(store).open('w', HOME, 'digits', { offset: 5n, length: 1n }, signal);
    expect(file.bytes).toBe(10n);
  });

  it('notice that a file was replaced while it was read, and that it is damaged', async () => {
    await write('f', 'first');
    for (const range of [undefined, { offset: 1n, length: 2n }]) {
      const opened = await createArtifactFiles(store).open('w', HOME, 'f', range, signal);
      await write('f', `second ${String(range?.offset)}`);
      const drained = (async () => {
        for await (const _ of opened.content);
      })();
      await expect(drained).rejects.toMatchObject({ reason: 'ARTIFACT_REPLACED' });
    }
    await write('g', 'these bytes are going to change');
    const blobs = readdirSync(join(directory.path, 'blobs'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(directory.path, 'blobs', name))
      .filter((file) => statSync(file).isFile() && readFileSync(file, 'utf8').startsWith('these bytes'));
    for (const blob of blobs) writeFileSync(blob, 'those bytes are going to change');
    await expect(read('g')).rejects.toMatchObject({ reason: 'ARTIFACT_LOST' });
  });

  it('are removed one by one or by folder, and no others', async () => {
    for (const path of ['a', 'b/é', 'b/c/d', 'b-', 'bc']) await write(path, path);
    await write('b/x', 'other', { ...HOME, id: 'r2' });
    const files = createArtifactFiles(store);
    expect(await files.delete('w', HOME, 'b', signal)).toBe(2);
    expect(await namesIn('')).toEqual([['a', 'b-', 'bc']]);
    expect(await files.delete('w', HOME, 'a', signal)).toBe(1);
    expect(await files.delete('w', HOME, 'a', signal)).toBe(0);
    expect(
      (await files.list('w', { ...HOME, id: 'r2' }, '', { pageSize: 10, pageToken: '' }, signal)).items,
    ).toHaveLength(1);
  });

  it('are no longer than they may be', async () => {
    const long = createArtifactFiles(store).write('w', HOME, 'long', chunks(Buffer.alloc(11)), 10, signal);
    await expect(long).rejects.toMatchObject({ reason: 'ARTIFACT_TOO_LARGE' });
    expect(await namesIn('')).toEqual([[]]);
  });
});
