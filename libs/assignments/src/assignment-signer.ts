import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { InvalidArgumentError } from '@slipway/kernel';
import type { AssignmentClaims } from './claims.ts';
import { TOKEN_ALGORITHM, TOKEN_TYPE, encodePayload } from './token-form.ts';

/** Signs assignments with one key: JWS compact serialisation (RFC 7515) over JWT claims, EdDSA with Ed25519 (RFC 8037). */
export class AssignmentSigner {
  readonly keyId: string;
  private readonly key: KeyObject;

  private constructor(keyId: string, key: KeyObject) {
    this.keyId = keyId;
    this.key = key;
  }

  /**
   * @param privateKeyPem PKCS#8, PEM.
   * @throws {InvalidArgumentError} when it is not an Ed25519 private key.
   */
  static fromPem(keyId: string, privateKeyPem: string): AssignmentSigner {
    return new AssignmentSigner(keyId, readKey(privateKeyPem));
  }

  /** @returns a token of ASCII characters, fit for a metadata value. */
  sign(claims: AssignmentClaims): Promise<string> {
    return new CompactSign(encodePayload(claims))
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: this.keyId, typ: TOKEN_TYPE })
      .sign(this.key);
  }
}

function readKey(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause may quote the key; it is not kept.
  }
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw InvalidArgumentError.of('signing_key', 'is no Ed25519 private key in PEM (PKCS#8)');
  }
  return key;
}
