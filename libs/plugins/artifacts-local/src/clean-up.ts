import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeBlob } from './blob.ts';
import type { Layout } from './layout.ts';
import { decodePointer, readPointer, readSmallFile } from './pointer.ts';

const WORKING = /^[A-Za-z0-9-]{1,64}\.(content|pointer|displaced)$/;

/**
 * Removes what writers that died have left behind. Only for the holder of the exclusive lock: nobody else writes.
 *
 * A write puts its pointer into `incoming` before its blob gets a name, and a replacement or delete keeps the old pointer there until the old blob is
 * gone. So every blob that no path refers to is named by a file in `incoming`, and the cost is that of the leftovers, not of the store.
 * @returns how many files were left over.
 */
export async function cleanUp(layout: Layout): Promise<number> {
  const names = (await readdir(layout.incoming)).filter((name) => WORKING.test(name));
  for (const name of names) {
    const file = join(layout.incoming, name);
    if (!name.endsWith('.content')) await removeUnreferencedBlob(layout, file);
    await rm(file, { force: true });
  }
  return names.length;
}

async function removeUnreferencedBlob(layout: Layout, file: string): Promise<void> {
  const left = decodePointer((await readSmallFile(file)) ?? '');
  if (left === undefined) return; // cut short while it was written: its blob had no name yet
  const current = await readPointer(layout.pointer(left.path), left.path);
  if (current?.blob !== left.blob) await removeBlob(layout, left);
}
