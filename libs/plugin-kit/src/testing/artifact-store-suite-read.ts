import { FailedPreconditionError, InvalidArgumentError, NotFoundError } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artifactPath, type ByteRange } from '../artifact-store.ts';
import {
  chunked,
  collect,
  failureOf,
  randomBytes,
  sha256Of,
  unaborted,
  type ArtifactStoreFixture,
} from './artifact-store-harness.ts';

const PATH = artifactPath('default', 'data', 'part-0.parquet');
const MEBI = 1024 * 1024;

export function readTests(current: () => ArtifactStoreFixture): void {
  const write = async (content: Uint8Array): Promise<void> => {
    await current().store.write(PATH, chunked(content, 100_003), {}, unaborted);
  };
  const readRange = async (range: ByteRange): Promise<Uint8Array> =>
    collect(await current().store.read(PATH, range, unaborted));

  describe('read', () => {
    it('gives the bytes of every range', async () => {
      const content = randomBytes(1, 1_000);
      await write(content);
      const range = fc.record(
        { offset: fc.integer({ min: 0, max: 999 }), length: fc.integer({ min: 1, max: 1_100 }) },
        { requiredKeys: ['offset'] },
      );
      await fc.assert(
        fc.asyncProperty(range, async ({ offset, length }) => {
          const expected = content.subarray(offset, length === undefined ? undefined : offset + length);
          const got = await readRange(length === undefined ? { offset } : { offset, length });
          expect(Buffer.compare(got, expected)).toBe(0);
        }),
        {
          numRuns: 40,
          examples: [[{ offset: 0, length: 1 }], [{ offset: 999 }], [{ offset: 0 }], [{ offset: 500, length: 500 }]],
        },
      );
    });

    it('gives ranges across the parts of a large content', async () => {
      const content = randomBytes(2, 20 * MEBI);
      await write(content);
      for (const offset of [0, 8 * MEBI - 10, 16 * MEBI - 1, 20 * MEBI - 20]) {
        expect(Buffer.compare(await readRange({ offset, length: 20 }), content.subarray(offset, offset + 20))).toBe(0);
      }
      expect(sha256Of(await readRange({ offset: 3 }))).toBe(sha256Of(content.subarray(3)));
    });

    it('refuses ranges that begin at or after the end, and ones that are none', async () => {
      await write(randomBytes(3, 10));
      for (const range of [
        { offset: 10 },
        { offset: 11, length: 1 },
        { offset: -1 },
        { offset: 0.5 },
        { offset: 0, length: 0 },
        { offset: 0, length: -1 },
        { offset: Number.NaN },
      ]) {
        expect(await failureOf(current().store.read(PATH, range, unaborted))).toBeInstanceOf(InvalidArgumentError);
      }
      await write(new Uint8Array());
      expect(await failureOf(current().store.read(PATH, { offset: 0 }, unaborted))).toBeInstanceOf(
        InvalidArgumentError,
      );
    });

    it('says before the first chunk that a path does not exist, also where another path is in the way', async () => {
      expect(await failureOf(current().store.read(PATH, undefined, unaborted))).toBeInstanceOf(NotFoundError);
      await write(randomBytes(4, 10));
      for (const path of [artifactPath(PATH, 'below'), artifactPath('default', 'data')]) {
        expect(await failureOf(current().store.read(path, undefined, unaborted))).toBeInstanceOf(NotFoundError);
        expect(await current().store.stat(path, unaborted)).toBeUndefined();
        await current().store.delete(path, unaborted);
      }
      expect(await readRange({ offset: 0 })).toEqual(randomBytes(4, 10));
    });

    it('finishes with the old content when it is replaced or deleted meanwhile', async () => {
      const { store } = current();
      const [old, young] = [randomBytes(5, 12 * MEBI), randomBytes(6, 11 * MEBI)];
      await write(old);
      const before = (await store.read(PATH, undefined, unaborted))[Symbol.asyncIterator]();
      const first = await before.next();
      await write(young);
      const between = (await store.read(PATH, undefined, unaborted))[Symbol.asyncIterator]();
      const second = await between.next();
      await store.delete(PATH, unaborted);
      const rest = async (head: IteratorResult<Uint8Array>, tail: AsyncIterator<Uint8Array>): Promise<string> => {
        const chunks = [head.value as Uint8Array];
        for (let step = await tail.next(); !step.done; step = await tail.next()) chunks.push(step.value);
        return sha256Of(Buffer.concat(chunks));
      };
      expect(await rest(first, before)).toBe(sha256Of(old));
      expect(await rest(second, between)).toBe(sha256Of(young));
    });

    it('can be left early, often, and the path stays usable', async () => {
      const { store, storage } = current();
      await write(randomBytes(7, 6 * MEBI));
      for (let round = 0; round < 120; round++) {
        // more than any pool of connections holds
        for await (const chunk of await store.read(PATH, undefined, unaborted)) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
      }
      await store.delete(PATH, unaborted);
      expect(await storage.leftovers()).toEqual([]);
    });

    it('ends an iteration, begun or not, when the signal aborts', async () => {
      const { store } = current();
      await write(randomBytes(8, 12 * MEBI));
      const abort = new AbortController();
      const untouched = await store.read(PATH, undefined, abort.signal);
      const begun = (await store.read(PATH, undefined, abort.signal))[Symbol.asyncIterator]();
      await begun.next();
      abort.abort(new Error('enough'));
      const drain = async (): Promise<void> => {
        for (let step = await begun.next(); !step.done; step = await begun.next());
      };
      expect(await failureOf(drain())).toBe(abort.signal.reason);
      expect(await failureOf(collect(untouched))).toBe(abort.signal.reason);
      expect(await failureOf(store.read(PATH, undefined, abort.signal))).toBe(abort.signal.reason);
    });

    it('gives chunks that later ones do not overwrite', async () => {
      const content = randomBytes(9, 3 * MEBI);
      await write(content);
      expect(sha256Of(await readRange({ offset: 0 }))).toBe(sha256Of(content));
    });
  });

  lifecycleTests(current, write);
}

function lifecycleTests(current: () => ArtifactStoreFixture, write: (content: Uint8Array) => Promise<void>): void {
  describe('stat, delete, open and close', () => {
    it('knows no missing path and deletes it as often as wanted', async () => {
      const { store } = current();
      expect(await store.stat(PATH, unaborted)).toBeUndefined();
      await store.delete(PATH, unaborted);
      await write(randomBytes(10, 10));
      await store.delete(PATH, unaborted);
      await store.delete(PATH, unaborted);
      expect(await store.stat(PATH, unaborted)).toBeUndefined();
    });

    it('says it cannot presign as long as there is no way to ask for it', () => {
      expect(current().store.capabilities.presign).toBe(false);
    });

    it('shows everything to a second store and after reopening', async () => {
      const { store, storage } = current();
      await write(randomBytes(11, 9 * MEBI));
      const info = await store.stat(PATH, unaborted);
      const second = storage.create();
      await second.open(unaborted);
      expect(await second.stat(PATH, unaborted)).toEqual(info);
      await second.close();
      await store.close();
      const third = storage.create();
      await third.open(unaborted);
      expect(await third.stat(PATH, unaborted)).toEqual(info);
      expect(sha256Of(await collect(await third.read(PATH, undefined, unaborted)))).toBe(info?.sha256);
      await third.close();
    });

    it('lets a second store open while the first one writes, and the write succeed', async () => {
      const { store, storage } = current();
      const content = randomBytes(12, 10 * MEBI);
      const second = storage.create();
      async function* interrupted(): AsyncGenerator<Uint8Array> {
        yield* chunked(content.subarray(0, 9 * MEBI), MEBI);
        await second.open(unaborted);
        yield content.subarray(9 * MEBI);
      }
      await store.write(PATH, interrupted(), {}, unaborted);
      expect(sha256Of(await collect(await second.read(PATH, undefined, unaborted)))).toBe(sha256Of(content));
      await second.close();
    });

    it('lets a read that was handed out finish after close', async () => {
      const { store } = current();
      const content = randomBytes(14, 12 * MEBI);
      await write(content);
      const handedOut = await store.read(PATH, undefined, unaborted);
      await store.close();
      expect(sha256Of(await collect(handedOut))).toBe(sha256Of(content));
    });

    it('waits on close for a started write and refuses what comes later', async () => {
      const { store, storage } = current();
      const content = randomBytes(13, 300_000);
      let closing: Promise<void> | undefined;
      async function* source(): AsyncGenerator<Uint8Array> {
        yield content.subarray(0, 100_000);
        closing = store.close();
        yield content.subarray(100_000);
      }
      const info = await store.write(PATH, source(), {}, unaborted);
      await closing;
      await store.close();
      expect(info.sha256).toBe(sha256Of(content));
      for (const call of [
        store.write(PATH, chunked(content, 1000), {}, unaborted),
        store.read(PATH, undefined, unaborted),
        store.stat(PATH, unaborted),
        store.list(artifactPath('default'), { pageSize: 1 }, unaborted),
        store.delete(PATH, unaborted),
        storage.create().stat(PATH, unaborted),
      ]) {
        expect(await failureOf(call)).toBeInstanceOf(FailedPreconditionError);
      }
    });
  });
}
