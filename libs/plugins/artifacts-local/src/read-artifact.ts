import type { FileHandle } from 'node:fs/promises';
import { NotFoundError } from '@slipway/kernel';
import { rangeBeyondEnd, type ArtifactPath, type ByteRange } from '@slipway/plugin-kit';
import { contentDamaged, openBlob } from './blob.ts';
import { isPlainDirectory } from './directories.ts';
import type { Layout } from './layout.ts';
import { readPointer, type Pointer } from './pointer.ts';

const CHUNK_BYTES = 256 * 1024;
const REPLACED_MAX = 20;

/** The pointer of a path; undefined when there is none. @throws {FailedPreconditionError} when a symbolic link is on the way. */
export async function findPointer(layout: Layout, path: ArtifactPath): Promise<Pointer | undefined> {
  return (await isPlainDirectory(layout.parent(path))) ? readPointer(layout.pointer(path), path) : undefined;
}

/** Opens the content of a path; from here on a replacement does not touch it. The caller closes `handle`. */
export async function openContent(
  layout: Layout,
  path: ArtifactPath,
): Promise<{ readonly pointer: Pointer; readonly handle: FileHandle }> {
  let missed: string | undefined;
  for (let attempt = 1; attempt <= REPLACED_MAX; attempt++) {
    const pointer = await findPointer(layout, path);
    if (!pointer) {
      throw new NotFoundError(`there is no '${path}'`, { reason: 'ARTIFACT_NOT_FOUND', facts: { path } });
    }
    const handle = await openBlob(layout, path, pointer);
    if (handle) return { pointer, handle };
    if (missed === pointer.blob) break; // the path still names it, so it was not a replacement that took it away
    missed = pointer.blob;
  }
  throw contentDamaged(path);
}

/** First byte and the one after the last. */
export function resolveRange(
  path: ArtifactPath,
  range: ByteRange | undefined,
  bytes: bigint,
): readonly [number, number] {
  if (!range) return [0, Number(bytes)];
  if (BigInt(range.offset) >= bytes) throw rangeBeyondEnd(path, range, bytes);
  return [
    range.offset,
    range.length === undefined ? Number(bytes) : Math.min(Number(bytes), range.offset + range.length),
  ];
}

/** Chunks of `[start, end)`, each in a buffer of its own. Closes `handle` at the end, on leaving early, and on abort even when never iterated. */
export function streamContent(
  handle: FileHandle,
  path: ArtifactPath,
  [start, end]: readonly [number, number],
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const close = (): void => void handle.close().catch(() => undefined); // closing twice is refused, and was only reading
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  return (async function* chunks() {
    try {
      for (let position = start; position < end;) {
        signal.throwIfAborted();
        const wanted = Math.min(CHUNK_BYTES, end - position);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position);
        if (bytesRead === 0) throw contentDamaged(path);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  })();
}
