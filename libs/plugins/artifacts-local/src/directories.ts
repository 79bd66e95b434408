import { lstat, mkdir, open, readdir, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FailedPreconditionError } from '@slipway/kernel';
import { errorCode, isAbsent } from './file-system-error.ts';

/** Makes the names in a directory survive power loss. A directory that is gone has none. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

const notPlain = (): FailedPreconditionError =>
  new FailedPreconditionError(
    'a symbolic link, or a file where a directory is needed, stands in the artifact directory',
    {
      reason: 'ARTIFACT_DIRECTORY_OCCUPIED',
    },
  );

/**
 * Whether `directory` exists with no symbolic link on the way. Node has no `openat`, so links are refused by comparing the real path; who can plant
 * one between this check and the use runs as our own user and needs no link.
 * @param directory absolute, below a root that is a real path itself.
 * @throws {FailedPreconditionError} when a link leads elsewhere.
 */
export async function isPlainDirectory(directory: string): Promise<boolean> {
  try {
    if ((await realpath(directory)) !== directory) throw notPlain();
    return (await lstat(directory)).isDirectory();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw errorCode(error) === 'ELOOP' ? notPlain() : error;
  }
}

/**
 * Creates what is absent of `base`/`names`, one by one so that no link is followed.
 * @throws {FailedPreconditionError} where a file or a link has the name.
 */
export async function ensureDirectory(base: string, names: readonly string[], fsync: boolean): Promise<string> {
  const whole = join(base, ...names);
  if (await isPlainDirectory(whole)) return whole;
  let directory = base;
  for (const name of names) {
    const parent = directory;
    directory = join(parent, name);
    try {
      await mkdir(directory);
      if (fsync) await syncDirectory(parent);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if (!(await isRealDirectory(directory))) throw notPlain();
    }
  }
  return whole;
}

async function isRealDirectory(directory: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory();
  } catch (error) {
    if (isAbsent(error)) return true; // just removed by a pruning delete: the next step fails with ENOENT and is repeated
    throw error;
  }
}

/** Removes `directory` and its parents while they are empty, stopping below `base`. Losing a race with a writer is fine: it makes them anew. */
export async function pruneEmptyParents(directory: string, base: string): Promise<void> {
  if (!(await isPlainDirectory(directory))) return;
  for (let current = directory; current !== base && current.startsWith(`${base}/`); current = dirname(current)) {
    try {
      await rmdir(current);
    } catch {
      return; // not empty, or not there: nothing more to remove
    }
  }
}

/** Removes a tree that holds directories only. @returns false, with every file untouched, when it holds a file. */
export async function removeEmptyTree(directory: string): Promise<boolean> {
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isDirectory() || !(await removeEmptyTree(join(directory, entry.name)))) return false;
    }
    await rmdir(directory);
    return true;
  } catch (error) {
    return isAbsent(error);
  }
}
