import type { FileHandle } from 'node:fs/promises';
import { artifactPath, DataLossError, SHA256_PATTERN, type ArtifactInfo, type ArtifactPath } from '@slipway/plugin-kit';

// One file per artifact: the content, then its description as JSON, then the length of that in 4 bytes. What belongs together is in one file,
// so that a rename shows content and digest at once; it comes last, as the digest is known only then.
const LENGTH_BYTES = 4;
const TRAILER_BYTES_MAX = 2_048; // a path has at most 896, the rest less than 300

export function encodeTrailer({ path, bytes, sha256, modifiedAt }: ArtifactInfo): Buffer {
  const text = Buffer.from(JSON.stringify({ path, bytes: `${bytes}`, sha256, modifiedAt: `${modifiedAt}` }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.byteLength);
  return Buffer.concat([text, length]);
}

export const damaged = (path: string, cause?: unknown): DataLossError =>
  new DataLossError(`the stored content of '${path}' is damaged`, {
    reason: 'ARTIFACT_DAMAGED',
    facts: { path },
    cause,
  });

/** Describes what an open file holds. @throws {DataLossError} when it is not whole. */
export async function readTrailer(handle: FileHandle, name: string): Promise<ArtifactInfo> {
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, TRAILER_BYTES_MAX));
  await handle.read(tail, 0, tail.byteLength, size - tail.byteLength);
  const end = tail.byteLength - LENGTH_BYTES;
  const start = end < 0 ? -1 : end - tail.readUInt32BE(end);
  const info = start < 0 ? undefined : parse(tail.toString('utf8', start, end), name);
  if (info === undefined || info.bytes !== BigInt(size - (tail.byteLength - start))) throw damaged(name);
  return info;
}

function parse(text: string, name: string): ArtifactInfo | undefined {
  try {
    const { path, bytes, sha256, modifiedAt } = JSON.parse(text) as Partial<Record<keyof ArtifactInfo, string>>;
    if (path === undefined || bytes === undefined || modifiedAt === undefined) return undefined;
    if (sha256 === undefined || !SHA256_PATTERN.test(sha256)) return undefined;
    return { path: artifactPath(path), bytes: BigInt(bytes), sha256, modifiedAt: BigInt(modifiedAt) };
  } catch (error) {
    throw damaged(name, error);
  }
}

/** First byte and the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * The bytes of `span`, each chunk in a buffer of its own; what is read as a whole is checked against `check`.
 * Closes the file at the end, on leaving early, and on abort even when never iterated.
 */
export function streamContent(
  handle: FileHandle,
  path: ArtifactPath,
  { start, end }: Span,
  check: (chunk: Uint8Array | undefined) => void,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const close = (): void => void handle.close().catch(() => undefined); // a second close is refused; nothing was written
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  return (async function* chunks() {
    try {
      for (let position = start; position < end;) {
        signal.throwIfAborted();
        const wanted = Math.min(CHUNK_BYTES, end - position);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position);
        if (bytesRead === 0) throw damaged(path);
        position += bytesRead;
        check(buffer.subarray(0, bytesRead));
        yield buffer.subarray(0, bytesRead);
      }
      check(undefined);
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  })();
}
