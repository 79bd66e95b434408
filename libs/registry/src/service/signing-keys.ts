import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import {
  generateKeyPair,
  readSigningKey,
  trustedKeyOf,
  writeTrustedKey,
  type SigningKey,
  type TrustedKey,
} from '@slipway/model-package';

/** With what this registry signs, and what others have to trust. */
export interface SigningKeys {
  readonly signingKey: SigningKey;
  readonly trustedKey: TrustedKey;
  /** Where the public half lies for servers to read; undefined when that place cannot be written. */
  readonly publicKeyFile: string | undefined;
}

export interface SigningKeyFile {
  /** PEM, PKCS #8, Ed25519. */
  readonly file: string;
  /** Make a key on the first start. False for a key that an operator provides: its absence is an error. */
  readonly createIfAbsent: boolean;
}

/** `keys/registry.pem` has its public half in `keys/registry.pub.pem`. */
export function publicKeyFileOf(file: string): string {
  const extension = extname(file);
  return `${extension === '' ? file : file.slice(0, -extension.length)}.pub${extension || '.pem'}`;
}

/**
 * Reads the signing key, or makes it: mode 0600, complete or not there at all; of several processes that start at once one makes it.
 * @throws {Error} naming the file when it is absent or cannot be read. @throws {InvalidArgumentError} reason KEY_INVALID.
 */
export async function loadSigningKeys({ file, createIfAbsent }: SigningKeyFile): Promise<SigningKeys> {
  const pem = (await readIfThere(file)) ?? (createIfAbsent ? await createKey(file) : undefined);
  if (pem === undefined) throw new Error(`there is no signing key in ${file}; provide one or leave the setting out`);
  const signingKey = readSigningKey(pem);
  const trustedKey = trustedKeyOf(signingKey);
  return { signingKey, trustedKey, publicKeyFile: await publish(publicKeyFileOf(file), writeTrustedKey(trustedKey)) };
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Error(`the key in ${file} cannot be read`, { cause: error });
  }
}

async function createKey(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const working = await writeWorkingFile(file, generateKeyPair().privateKeyPem, 0o600);
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

/** @returns the file, or undefined when its directory is not ours to write. */
async function publish(file: string, pem: string): Promise<string | undefined> {
  if ((await readIfThere(file)) === pem) return file;
  try {
    await rename(await writeWorkingFile(file, pem, 0o644), file);
    return file;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))) return undefined; // a mounted secret: its owner hands out the public half
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
