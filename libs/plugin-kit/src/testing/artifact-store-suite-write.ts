import { AlreadyExistsError, DataLossError, ExhaustedError, InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { artifactPath } from '../artifact-store.ts';
import {
  chunked,
  collect,
  failureOf,
  randomBytes,
  sha256Of,
  unaborted,
  type ArtifactStoreFixture,
} from './artifact-store-harness.ts';

const MEBI = 1024 * 1024;
const PATH = artifactPath('default', 'models', 'm.onnx');

export function writeTests(current: () => ArtifactStoreFixture): void {
  const readAll = async (path = PATH): Promise<Uint8Array> =>
    collect(await current().store.read(path, undefined, unaborted));
  const expectNothing = async (): Promise<void> => {
    const { store, storage } = current();
    expect(await store.stat(PATH, unaborted)).toBeUndefined();
    expect((await store.list(artifactPath('default'), { pageSize: 10 }, unaborted)).items).toEqual([]);
    expect(await storage.leftovers()).toEqual([]);
  };

  describe('write', () => {
    it.each([
      [0, 1],
      [1, 1],
      [1000, 7],
      [5 * MEBI - 1, 65_521],
      [5 * MEBI, 99_991],
      [8 * MEBI, MEBI],
      [8 * MEBI + 1, 3 * MEBI + 1],
      [20 * MEBI, 1_000_003],
    ])('gives back %i bytes written in chunks of %i', async (bytes, chunkBytes) => {
      const content = randomBytes(bytes, bytes);
      const info = await current().store.write(PATH, chunked(content, chunkBytes), {}, unaborted);
      expect(info).toMatchObject({ path: PATH, bytes: BigInt(bytes), sha256: sha256Of(content) });
      expect(await current().store.stat(PATH, unaborted)).toEqual(info);
      expect(sha256Of(await readAll())).toBe(sha256Of(content));
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it('accepts the right digest, for small and large content', async () => {
      for (const bytes of [10, 9 * MEBI]) {
        const content = randomBytes(1, bytes);
        const sha256 = sha256Of(content);
        const info = await current().store.write(PATH, chunked(content, 300_000), { sha256 }, unaborted);
        expect(info.sha256).toBe(sha256);
        expect(sha256Of(await readAll())).toBe(sha256);
      }
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it.each([10, 9 * MEBI, 17 * MEBI])('leaves nothing of %i bytes with another digest', async (bytes) => {
      const content = randomBytes(2, bytes);
      const write = current().store.write(PATH, chunked(content, 300_000), { sha256: 'ab'.repeat(32) }, unaborted);
      expect(await failureOf(write)).toBeInstanceOf(DataLossError);
      await expectNothing();
    });

    it.each([100, 9 * MEBI])('leaves nothing of content longer than bytesMax %i', async (bytesMax) => {
      const content = randomBytes(3, bytesMax + 1);
      const write = current().store.write(PATH, chunked(content, 65_536), { bytesMax }, unaborted);
      expect(await failureOf(write)).toBeInstanceOf(ExhaustedError);
      await expectNothing();
      const fits = await current().store.write(PATH, chunked(content.subarray(1), 65_536), { bytesMax }, unaborted);
      expect(fits.bytes).toBe(BigInt(bytesMax));
    });

    it.each([10, 18 * MEBI])(
      'leaves nothing when the source throws after %i bytes, and throws what it threw',
      async (bytes) => {
        const fault = Object.assign(new Error('source broke'), { code: 'ENOSPC' });
        async function* breaking(): AsyncGenerator<Uint8Array> {
          yield* chunked(randomBytes(4, bytes), MEBI);
          throw fault;
        }
        expect(await failureOf(current().store.write(PATH, breaking(), {}, unaborted))).toBe(fault);
        await expectNothing();
      },
    );

    it.each([10, 18 * MEBI])(
      'leaves nothing when aborted after %i bytes, also while the source hangs',
      async (bytes) => {
        const abort = new AbortController();
        async function* hanging(): AsyncGenerator<Uint8Array> {
          yield* chunked(randomBytes(5, bytes), MEBI);
          setTimeout(() => abort.abort(new Error('enough')), 5);
          await new Promise(() => undefined);
        }
        const error = await failureOf(current().store.write(PATH, hanging(), {}, abort.signal));
        expect(error).toBe(abort.signal.reason);
        await expectNothing();
      },
    );

    it('starts nothing when aborted before', async () => {
      const aborted = AbortSignal.abort(new Error('never'));
      expect(await failureOf(current().store.write(PATH, chunked(randomBytes(6, 9), 9), {}, aborted))).toBe(
        aborted.reason,
      );
      await expectNothing();
    });

    it('keeps what was there when a replacement fails', async () => {
      const old = randomBytes(7, 1000);
      await current().store.write(PATH, chunked(old, 100), {}, unaborted);
      await failureOf(current().store.write(PATH, chunked(randomBytes(8, 1000), 100), { bytesMax: 999 }, unaborted));
      expect(await readAll()).toEqual(old);
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it('refuses options that are no digest and no count', async () => {
      const content = (): AsyncIterable<Uint8Array> => chunked(randomBytes(9, 10), 10);
      for (const options of [{ sha256: 'AB'.repeat(32) }, { sha256: '' }, { bytesMax: -1 }, { bytesMax: 1.5 }]) {
        const error = await failureOf(current().store.write(PATH, content(), options, unaborted));
        expect(error).toBeInstanceOf(InvalidArgumentError);
      }
      await expectNothing();
    });
  });

  createTests(current, readAll);
}

function createTests(current: () => ArtifactStoreFixture, readAll: () => Promise<Uint8Array>): void {
  describe('create if absent and replace', () => {
    it.each([
      [2_000, 20],
      [9 * MEBI, 5],
    ])('lets exactly one of many concurrent writers of %i bytes win', async (bytes, writers) => {
      const contents = Array.from({ length: writers }, (_, index) => randomBytes(100 + index, bytes + index));
      const outcomes = await Promise.allSettled(
        contents.map((content) => current().store.write(PATH, chunked(content, 70_000), { ifAbsent: true }, unaborted)),
      );
      const winners = contents.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      const refusals = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      expect(winners).toHaveLength(1);
      expect(refusals.every((error) => error instanceof AlreadyExistsError)).toBe(true);
      expect(refusals).toHaveLength(writers - 1);
      expect(sha256Of(await readAll())).toBe(sha256Of(winners[0] ?? new Uint8Array()));
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it('refuses a later writer and keeps the first content', async () => {
      const first = randomBytes(20, 100);
      await current().store.write(PATH, chunked(first, 10), { ifAbsent: true }, unaborted);
      const again = current().store.write(PATH, chunked(first, 10), { ifAbsent: true }, unaborted);
      expect(await failureOf(again)).toBeInstanceOf(AlreadyExistsError);
      expect(await readAll()).toEqual(first);
    });

    it('creates again after a delete', async () => {
      for (const seed of [21, 22]) {
        await current().store.write(PATH, chunked(randomBytes(seed, 50), 10), { ifAbsent: true }, unaborted);
        expect(await readAll()).toEqual(randomBytes(seed, 50));
        await current().store.delete(PATH, unaborted);
      }
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it('ends with one whole content when many replace at once, and lets the others go', async () => {
      const contents = Array.from({ length: 12 }, (_, index) => randomBytes(200 + index, 5_000 + index));
      const infos = await Promise.all(
        contents.map((content) => current().store.write(PATH, chunked(content, 999), {}, unaborted)),
      );
      const shown = await current().store.stat(PATH, unaborted);
      expect(infos).toContainEqual(shown);
      expect(sha256Of(await readAll())).toBe(shown?.sha256);
      expect(await current().storage.leftovers()).toEqual([]);
    });

    it('keeps the same content under two paths apart', async () => {
      const { store } = current();
      const content = randomBytes(23, 3_000);
      const copy = artifactPath('default', 'models', 'copy.onnx');
      await store.write(PATH, chunked(content, 1000), {}, unaborted);
      await store.write(copy, chunked(content, 1000), {}, unaborted);
      await store.delete(copy, unaborted);
      expect(await readAll()).toEqual(content);
      await store.write(copy, chunked(content, 1000), {}, unaborted);
      await store.delete(PATH, unaborted);
      expect(await collect(await store.read(copy, undefined, unaborted))).toEqual(content);
    });
  });
}
