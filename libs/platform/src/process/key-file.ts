import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** @returns its text, or undefined when there is no such file. @throws {Error} naming the file when it cannot be read. */
export async function readKeyFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Error(`the key in ${file} cannot be read`, { cause: error });
  }
}

/**
 * Keeps a new private key, and makes its folder: mode 0600, complete or not there at all. It never replaces one: of several processes that start at once
 * one makes the key.
 * @returns what the file holds now, the key of another process when that was first.
 */
export async function createKeyFile(file: string, pem: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const working = await writeWorkingFile(file, pem, 0o600);
  try {
    await link(working, file); // unlike rename it never replaces a key
    await syncDirectory(dirname(file));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error; // another process was first: use its key
  } finally {
    await rm(working, { force: true });
  }
  return readFile(file, 'utf8');
}

/** Puts a public key where others read it, in place of what is there. @returns whether it is there; false when its folder is not ours to write. */
export async function publishKeyFile(file: string, pem: string): Promise<boolean> {
  if ((await readKeyFile(file)) === pem) return true;
  try {
    await rename(await writeWorkingFile(file, pem, 0o644), file);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))) return false; // a mounted secret: its owner hands out the public half
    throw error;
  }
}

async function writeWorkingFile(file: string, content: string, mode: number): Promise<string> {
  const working = `${file}.${randomUUID()}.new`;
  const handle = await open(working, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return working;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
