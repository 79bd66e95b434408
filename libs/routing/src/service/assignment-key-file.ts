import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AssignmentSigner, type AssignmentKey } from '@slipway/assignments';

/** With what a process signs assignments, and what others need to check them. */
export interface AssignmentKeyPair {
  readonly signer: AssignmentSigner;
  readonly key: AssignmentKey;
}

/**
 * Reads the key of this process from its data directory, or makes it: PKCS#8, PEM, Ed25519, mode 0600, complete or not there at all. Processes do not
 * share it; each publishes its public half.
 * @throws {Error} naming the file when it cannot be read. @throws {InvalidArgumentError} when it holds no Ed25519 key.
 */
export async function loadAssignmentKey(dataDirectory: string): Promise<AssignmentKeyPair> {
  const file = join(dataDirectory, 'keys', 'assignments.pem');
  const pem = (await readIfThere(file)) ?? (await createKey(file));
  const publicKey = createPublicKey(createPrivateKey(pem));
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { signer: AssignmentSigner.fromPem(keyId, pem), key: { keyId, publicKeyPem } };
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
  const { privateKey } = generateKeyPairSync('ed25519');
  const working = `${file}.${randomUUID()}.new`;
  const handle = await open(working, 'wx', 0o600);
  try {
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await handle.sync();
    await handle.close();
    await link(working, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error; // another process was first: its key is used
    });
  } finally {
    await handle.close();
    await rm(working, { force: true });
  }
  return readFile(file, 'utf8');
}
