import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { AssignmentSigner, type AssignmentKey } from '@slipway/assignments';
import { createKeyFile, readKeyFile } from '@slipway/platform';

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
  const pem = (await readKeyFile(file)) ?? (await createKeyFile(file, newKey()));
  const publicKey = createPublicKey(createPrivateKey(pem));
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { signer: AssignmentSigner.fromPem(keyId, pem), key: { keyId, publicKeyPem } };
}

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
