import { createHash } from 'node:crypto';
import { seededRandom } from '@slipway/kernel';
import type { ArtifactStore } from '../artifact-store.ts';

/** One empty storage that the suite may open any number of times. */
export interface ArtifactStorage {
  /** A store over this storage, not opened yet. */
  create(): ArtifactStore;
  /** Names of temporary files, unfinished uploads and contents that no path refers to; what an interrupted write must not leave. */
  leftovers(): Promise<readonly string[]>;
  /** Ends and removes the storage. */
  remove(): Promise<void>;
}

/** What each test gets: a storage of its own with one open store. */
export interface ArtifactStoreFixture {
  readonly storage: ArtifactStorage;
  readonly store: ArtifactStore;
}

/** Never aborts. */
export const unaborted: AbortSignal = new AbortController().signal;

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reproducible bytes that do not compress. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const block = seededRandom(seed).bytes(Math.min(count, 65_537)); // a prime, so that parts of equal size differ
  const bytes = new Uint8Array(count);
  for (let offset = 0; offset < count; offset += block.length) {
    bytes.set(block.subarray(0, Math.min(block.length, count - offset)), offset);
    block[0] = (block[0] ?? 0) + 1;
  }
  return bytes;
}

/** `bytes` in chunks of `chunkBytes` through one buffer that is overwritten for each of them, as the port allows. */
export async function* chunked(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(chunkBytes);
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    const part = bytes.subarray(offset, offset + chunkBytes);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xee);
  }
}

/** Everything `content` gives, in one array. */
export async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

/** What a call throws. @throws when it does not throw. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  if (!outcome.failed) throw new Error('the call should have failed');
  return outcome.error;
}

/** Highest growth of resident memory, in bytes, seen by `sample` since the start. */
export function memoryGauge(): { sample(): void; growth(): number } {
  const start = process.memoryUsage.rss();
  let peak = start;
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  return { sample, growth: () => peak - start };
}
