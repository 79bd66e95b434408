import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactPath, type ArtifactPath } from '@slipway/plugin-kit';
import { isAbsent } from './file-system-error.ts';

/**
 * Paths below `prefix`, in byte order, those after `after` only. Byte order is not the order of a plain walk: `a-b` comes before `a/b`, so a directory
 * is sorted with its slash. Holds the names of one directory per level. Symbolic links and names that are no path of ours are passed over.
 */
export async function* walkPaths(
  directory: string,
  prefix: ArtifactPath,
  after: ArtifactPath | undefined,
): AsyncGenerator<ArtifactPath, void, undefined> {
  const keys = (await entriesOf(directory)).sort(); // ASCII only, so the order of UTF-16 units is that of bytes
  for (const key of keys) {
    const isDirectory = key.endsWith('/');
    const full = `${prefix}/${key}`;
    // Everything below `x/` is at most `after` unless `after` is below it or before it.
    if (after !== undefined && full <= after && !(isDirectory && after.startsWith(full))) continue;
    const path = asPath(isDirectory ? full.slice(0, -1) : full);
    if (path === undefined) continue;
    if (isDirectory) yield* walkPaths(join(directory, key), path, after);
    else yield path;
  }
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  } catch (error) {
    if (isAbsent(error)) return []; // pruned meanwhile
    throw error;
  }
}

function asPath(text: string): ArtifactPath | undefined {
  try {
    return artifactPath(text);
  } catch {
    return undefined; // put there by somebody else: nothing that a caller could name
  }
}
