import { extname } from 'node:path';
import {
  generateKeyPair,
  readSigningKey,
  trustedKeyOf,
  writeTrustedKey,
  type SigningKey,
  type TrustedKey,
} from '@slipway/model-package';
import { createKeyFile, publishKeyFile, readKeyFile } from '@slipway/platform';

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
  const pem =
    (await readKeyFile(file)) ??
    (createIfAbsent ? await createKeyFile(file, generateKeyPair().privateKeyPem) : undefined);
  if (pem === undefined) throw new Error(`there is no signing key in ${file}; provide one or leave the setting out`);
  const signingKey = readSigningKey(pem);
  const trustedKey = trustedKeyOf(signingKey);
  const publicKeyFile = publicKeyFileOf(file);
  const isPublished = await publishKeyFile(publicKeyFile, writeTrustedKey(trustedKey));
  return { signingKey, trustedKey, publicKeyFile: isPublished ? publicKeyFile : undefined };
}
