import { constants } from 'node:fs';
import { link, lstat, open, readdir, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataLossError } from '@slipway/kernel';
import type { ArtifactPath } from '@slipway/plugin-kit';
import { ensureDirectory, syncDirectory } from './directories.ts';
import { errorCode, isAbsent } from './file-system-error.ts';
import type { Layout } from './layout.ts';
import type { Pointer } from './pointer.ts';

/** Times a step is repeated when a concurrent delete removes an empty directory under it. */
const RACE_ATTEMPTS_MAX = 20;

/** Repeats `step` while a directory it has made vanishes; each time somebody else got further. */
export async function againWhenPruned<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || attempt === RACE_ATTEMPTS_MAX) throw error;
    }
  }
}

/** Gives the content in `working` its blob name; the same content, if stored, is linked instead of kept twice. */
export async function placeBlob(layout: Layout, pointer: Pointer, working: string, fsync: boolean): Promise<void> {
  const target = layout.blob(pointer.sha256, pointer.blob);
  await againWhenPruned(async () => {
    await ensureDirectory(layout.blobs, layout.blobParentNames(pointer.sha256), fsync);
    if (!(await linkSame(pointer, target))) await rename(working, target);
  });
  if (fsync) await syncDirectory(dirname(target));
}

async function linkSame(pointer: Pointer, target: string): Promise<boolean> {
  const directory = dirname(target);
  const [other] = await readdir(directory);
  if (other === undefined) return false;
  const found = join(directory, other);
  try {
    const status = await lstat(found);
    if (!status.isFile() || BigInt(status.size) !== pointer.bytes) return false;
    await link(found, target);
    return true;
  } catch (error) {
    if (isAbsent(error) || errorCode(error) === 'EMLINK') return false; // removed meanwhile, or linked too often: keep our own
    throw error;
  }
}

/** Idempotent. Readers that have it open are not disturbed. */
export async function removeBlob(layout: Layout, pointer: Pointer): Promise<void> {
  const file = layout.blob(pointer.sha256, pointer.blob);
  await rm(file, { force: true });
  await rmdir(dirname(file)).catch(() => undefined); // other writes of the same content live there, or a writer has just made it
}

/** @returns undefined when it has just been removed. @throws {DataLossError} when its size is not the recorded one. */
export async function openBlob(layout: Layout, path: ArtifactPath, pointer: Pointer): Promise<FileHandle | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
    const handle = await open(layout.blob(pointer.sha256, pointer.blob), flags);
    const status = await handle.stat({ bigint: true });
    if (status.isFile() && status.size === pointer.bytes) return handle;
    await handle.close();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  throw contentDamaged(path);
}

export function contentDamaged(path: ArtifactPath): DataLossError {
  return new DataLossError(`the content of '${path}' is not whole`, {
    reason: 'ARTIFACT_CONTENT_DAMAGED',
    facts: { path },
  });
}
