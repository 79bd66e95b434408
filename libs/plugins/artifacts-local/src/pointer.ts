import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { DataLossError, SHA256_PATTERN } from '@slipway/kernel';
import { artifactPath, type ArtifactInfo, type ArtifactPath } from '@slipway/plugin-kit';
import { z } from 'zod';
import { errorCode, isAbsent } from './file-system-error.ts';

/** What a path's file holds: everything `stat` tells, and which blob has the content. */
export interface Pointer extends ArtifactInfo {
  /** Name of the write that made it; no two pointers share one. */
  readonly blob: string;
}

const POINTER_BYTES_MAX = 4096; // a path has at most 896, the rest less than 400
const DECIMAL = /^\d{1,19}$/;

const PointerFile = z.strictObject({
  version: z.literal(1),
  path: z.string().transform((text) => artifactPath(text)),
  blob: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  bytes: z.string().regex(DECIMAL).transform(BigInt),
  sha256: z.string().regex(SHA256_PATTERN),
  modifiedAt: z.string().regex(DECIMAL).transform(BigInt),
});

export function encodePointer(pointer: Pointer): string {
  const { path, blob, sha256 } = pointer;
  const numbers = { bytes: pointer.bytes.toString(), modifiedAt: pointer.modifiedAt.toString() };
  return `${JSON.stringify({ version: 1, path, blob, sha256, ...numbers })}\n`;
}

/** undefined when `text` is not a whole pointer. */
export function decodePointer(text: string): Pointer | undefined {
  try {
    const { version: _, ...pointer } = PointerFile.parse(JSON.parse(text));
    return pointer;
  } catch {
    return undefined; // cut short, or not ours: the caller knows what that means
  }
}

/** Text of a small plain file; undefined when it is not there or not a plain file. */
export async function readSmallFile(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(POINTER_BYTES_MAX), 0, POINTER_BYTES_MAX, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isAbsent(error) || errorCode(error) === 'ELOOP') return undefined; // ELOOP: a symbolic link is not an artifact
    throw error;
  }
}

/**
 * The pointer in `file`, which stands for `path`; undefined when there is none.
 * @throws {DataLossError} when the file is damaged or belongs to another path.
 */
export async function readPointer(file: string, path: ArtifactPath): Promise<Pointer | undefined> {
  const text = await readSmallFile(file);
  if (text === undefined) return undefined;
  const pointer = decodePointer(text);
  if (pointer?.path !== path) {
    throw new DataLossError(`the entry of '${path}' is damaged`, { reason: 'ARTIFACT_ENTRY_DAMAGED', facts: { path } });
  }
  return pointer;
}
