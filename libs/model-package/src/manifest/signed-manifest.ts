import { createHash } from 'node:crypto';
import { canonicalJson, DataLossError } from '@slipway/kernel';
import { openEnvelope, signPayload, type Envelope } from '../signing/envelope.ts';
import type { SigningKey, TrustedKey } from '../signing/keys.ts';
import { parseManifest, type PackageManifest } from './manifest.ts';

/** DSSE payload type of our manifests. */
export const MANIFEST_PAYLOAD_TYPE = 'application/vnd.slipway.model-package.v1+json';

/** The bytes that are signed and hashed: canonical JSON (RFC 8785), UTF-8. @throws {InvalidArgumentError} on a manifest that breaks its rules. */
export function encodeManifest(manifest: PackageManifest): Uint8Array {
  return Buffer.from(canonicalJson(parseManifest(manifest)), 'utf8');
}

/** Lower-case hex sha256 of `encodeManifest`: the digest that names a package everywhere. */
export const packageDigest = (manifest: PackageManifest): string =>
  createHash('sha256').update(encodeManifest(manifest)).digest('hex');

/** @throws {InvalidArgumentError} on a manifest that breaks its rules. */
export function signManifest(manifest: PackageManifest, signingKey: SigningKey): Envelope {
  return signPayload(MANIFEST_PAYLOAD_TYPE, encodeManifest(manifest), signingKey);
}

export interface VerifiedManifest {
  readonly manifest: PackageManifest;
  readonly digest: string;
  /** Trusted keys that signed it. */
  readonly keyIds: readonly string[];
}

/**
 * @param envelope from anywhere, e.g. the result of JSON.parse.
 * @throws {DataLossError} ENVELOPE_INVALID, SIGNATURE_INVALID, MANIFEST_INVALID (signed, yet broken or not canonical).
 * @throws {FailedPreconditionError} UNTRUSTED_SIGNER, PAYLOAD_TYPE_UNEXPECTED.
 */
export function verifyEnvelope(envelope: unknown, trustedKeys: readonly TrustedKey[]): VerifiedManifest {
  const { payload, keyIds } = openEnvelope(envelope, MANIFEST_PAYLOAD_TYPE, trustedKeys);
  const manifest = readPayload(payload);
  // one spelling only: no duplicate keys, no second reading of the same signed bytes
  if (!Buffer.from(encodeManifest(manifest)).equals(payload)) {
    throw new DataLossError('the signed manifest is not canonical JSON', { reason: 'MANIFEST_INVALID' });
  }
  return { manifest, digest: createHash('sha256').update(payload).digest('hex'), keyIds };
}

function readPayload(payload: Uint8Array): PackageManifest {
  try {
    return parseManifest(JSON.parse(Buffer.from(payload).toString('utf8')));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new DataLossError(`the signed manifest is not valid: ${detail}`, { reason: 'MANIFEST_INVALID', cause });
  }
}
