import { link, lstat, rename, rm, unlink } from 'node:fs/promises';
import { AlreadyExistsError, FailedPreconditionError } from '@slipway/kernel';
import type { ArtifactPath } from '@slipway/plugin-kit';
import { againWhenPruned, removeBlob } from './blob.ts';
import { ensureDirectory, isPlainDirectory, pruneEmptyParents, removeEmptyTree, syncDirectory } from './directories.ts';
import { errorCode, isAbsent } from './file-system-error.ts';
import type { Layout } from './layout.ts';
import { decodePointer, readSmallFile } from './pointer.ts';

export const alreadyExists = (path: ArtifactPath, cause?: unknown): AlreadyExistsError =>
  new AlreadyExistsError(`'${path}' exists already`, { reason: 'ARTIFACT_EXISTS', facts: { path }, cause });

/** Makes the pointer file `working` visible as `path`, unless something is there. `link` never replaces, also among concurrent writers. */
export async function publishIfAbsent(
  layout: Layout,
  path: ArtifactPath,
  working: string,
  fsync: boolean,
): Promise<void> {
  await publish(layout, path, fsync, async (target) => {
    try {
      await link(working, target);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || (await lstat(target)).isDirectory()) throw error;
      throw alreadyExists(path, error);
    }
  });
  await unlink(working);
}

/** Makes the pointer file `working` visible as `path`, in place of what is there, and lets the replaced content go. */
export async function publishReplacing(
  layout: Layout,
  path: ArtifactPath,
  id: string,
  working: string,
  fsync: boolean,
): Promise<void> {
  await isPlainDirectory(layout.parent(path)); // refuses to look through a symbolic link; absent is fine
  const aside = await setAside(layout, path, id);
  await publish(layout, path, fsync, (target) => rename(working, target));
  if (aside) await letGo(layout, aside);
}

/** Takes the pointer of `path` away and lets its content go. Nothing there is fine. */
export async function unpublish(layout: Layout, path: ArtifactPath, id: string, fsync: boolean): Promise<void> {
  const aside = await setAside(layout, path, id);
  if (!aside) return;
  await rm(layout.pointer(path), { force: true });
  if (fsync) await syncDirectory(layout.parent(path));
  await letGo(layout, aside);
  await pruneEmptyParents(layout.parent(path), layout.paths);
}

async function publish(
  layout: Layout,
  path: ArtifactPath,
  fsync: boolean,
  show: (target: string) => Promise<void>,
): Promise<void> {
  const target = layout.pointer(path);
  await againWhenPruned(async () => {
    await ensureDirectory(layout.paths, layout.parentNames(path), fsync);
    try {
      await show(target);
    } catch (error) {
      if (!['EEXIST', 'EISDIR', 'ENOTEMPTY'].includes(errorCode(error) ?? '')) throw error;
      // A directory has the name: left empty by a writer that died, or holding other paths.
      if (!(await removeEmptyTree(target))) throw holdsOthers(path, error);
      await show(target);
    }
  });
  if (fsync) await syncDirectory(layout.parent(path));
}

const holdsOthers = (path: ArtifactPath, cause: unknown): FailedPreconditionError =>
  new FailedPreconditionError(`'${path}' holds other paths and cannot be one itself`, {
    reason: 'ARTIFACT_PATH_HOLDS_OTHERS',
    facts: { path },
    cause,
  });

/** Keeps the current pointer in `incoming`, so that its blob is found should this process die before removing it. `link` refuses directories. */
async function setAside(layout: Layout, path: ArtifactPath, id: string): Promise<string | undefined> {
  const aside = layout.working(id, 'displaced');
  try {
    if (!(await lstat(layout.pointer(path))).isFile()) return undefined;
    await link(layout.pointer(path), aside);
    return aside;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function letGo(layout: Layout, aside: string): Promise<void> {
  const displaced = decodePointer((await readSmallFile(aside)) ?? '');
  if (displaced) await removeBlob(layout, displaced);
  await rm(aside, { force: true });
}
