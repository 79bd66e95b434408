import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { InvalidArgumentError } from '@slipway/kernel';

/** A public key whose signatures are believed. */
export interface TrustedKey {
  /** Lower-case hex sha256 of the key's SubjectPublicKeyInfo (DER). */
  readonly keyId: string;
  readonly key: KeyObject;
}

export interface SigningKey {
  /** That of the public half. */
  readonly keyId: string;
  readonly key: KeyObject;
}

function assertEd25519(key: KeyObject, field: string): void {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw InvalidArgumentError.of(field, `is a key for ${key.asymmetricKeyType}; only ed25519 is accepted`, {
      reason: 'KEY_INVALID',
    });
  }
}

function readKey(read: () => KeyObject, field: string, form: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    // the cause may quote the input, so it is not shown
    throw InvalidArgumentError.of(field, `is not a key in PEM form; expected ${form}`, {
      reason: 'KEY_INVALID',
      cause,
    });
  }
  assertEd25519(key, field);
  return key;
}

const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/**
 * @param pem SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"). A private key is refused, so that none lies where public ones belong.
 * @throws {InvalidArgumentError} reason KEY_INVALID, also for other key types than ed25519.
 */
export function readTrustedKey(pem: string | Uint8Array): TrustedKey {
  const text = Buffer.from(pem).toString('latin1');
  if (!text.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) {
    throw InvalidArgumentError.of('publicKey', 'must start with -----BEGIN PUBLIC KEY-----', {
      reason: 'KEY_INVALID',
    });
  }
  const key = readKey(() => createPublicKey(text), 'publicKey', 'BEGIN PUBLIC KEY');
  return { keyId: keyIdOf(key), key };
}

/** @param pem PKCS #8, not encrypted ("BEGIN PRIVATE KEY"). @throws {InvalidArgumentError} reason KEY_INVALID. */
export function readSigningKey(pem: string | Uint8Array): SigningKey {
  const text = Buffer.from(pem).toString('latin1');
  const key = readKey(() => createPrivateKey(text), 'privateKey', 'BEGIN PRIVATE KEY');
  return { keyId: keyIdOf(createPublicKey(key)), key };
}

/** The public half, for those who verify. */
export function trustedKeyOf(signingKey: SigningKey): TrustedKey {
  return { keyId: signingKey.keyId, key: createPublicKey(signingKey.key) };
}

/** A new pair from the system's randomness, in the PEM forms that `readSigningKey` and `readTrustedKey` take. */
export function generateKeyPair(): { readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** PEM of a trusted key, as `readTrustedKey` takes it. */
export const writeTrustedKey = ({ key }: TrustedKey): string => key.export({ type: 'spki', format: 'pem' }).toString();
