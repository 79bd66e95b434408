import { sign, verify } from 'node:crypto';
import { DataLossError, FailedPreconditionError, SHA256_PATTERN } from '@slipway/kernel';
import { z } from 'zod';
import type { SigningKey, TrustedKey } from './keys.ts';

/** DSSE v1 envelope (https://github.com/secure-systems-lab/dsse); `payload` and `sig` are padded base64 of the standard alphabet. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const SIGNATURES_MAX = 8;
const ED25519_SIGNATURE_BYTES = 64;
/** A manifest of 64 files and a signature of thousands of tensors stays well below this. */
export const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;

/** Base64 has several spellings of the same bytes; only the one an encoder writes is accepted. */
const canonicalBase64 = z.string().refine((value) => Buffer.from(value, 'base64').toString('base64') === value, {
  message: 'must be padded base64 of the standard alphabet',
});

const envelopeSchema = z.strictObject({
  payloadType: z.string().min(1).max(256),
  payload: canonicalBase64,
  signatures: z
    .array(
      z.strictObject({
        // an `alg` or anything else in here is refused: the key alone decides the algorithm
        keyid: z.string().regex(SHA256_PATTERN, 'must be a sha256 in lower-case hex'),
        sig: canonicalBase64.refine((value) => Buffer.from(value, 'base64').length === ED25519_SIGNATURE_BYTES, {
          message: `must be ${ED25519_SIGNATURE_BYTES} bytes`,
        }),
      }),
    )
    .min(1)
    .max(SIGNATURES_MAX),
});

/** Pre-authentication encoding: what is signed, so that type and payload cannot be shifted into each other. Lengths count bytes. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

/** @returns an envelope with one Ed25519 signature. */
export function signPayload(payloadType: string, payload: Uint8Array, { keyId, key }: SigningKey): Envelope {
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), key);
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: keyId, sig: signature.toString('base64') }],
  };
}

/** @throws {DataLossError} reason ENVELOPE_INVALID when it has not the form of an envelope; all problems are listed. */
export function parseEnvelope(raw: unknown): Envelope {
  const parsed = envelopeSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'envelope'}: ${message}`);
  throw new DataLossError(`not a signed envelope: ${problems.join('; ')}`, { reason: 'ENVELOPE_INVALID' });
}

/** Reads the JSON text of an envelope. @throws {DataLossError} reason ENVELOPE_INVALID, also above `ENVELOPE_BYTES_MAX`. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > ENVELOPE_BYTES_MAX) {
    throw new DataLossError(`an envelope has at most ${ENVELOPE_BYTES_MAX} bytes, this has ${bytes.length}`, {
      reason: 'ENVELOPE_INVALID',
    });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new DataLossError('not a signed envelope: it is not JSON', { reason: 'ENVELOPE_INVALID', cause });
  }
  return parseEnvelope(raw);
}

export const encodeEnvelope = (envelope: Envelope): Uint8Array => Buffer.from(JSON.stringify(envelope), 'utf8');

/**
 * Payload of an envelope that a trusted key has signed. Signatures by strangers are ignored; each one by a trusted key must be right.
 * @returns the payload and the ids of the trusted keys that signed it.
 * @throws {DataLossError} ENVELOPE_INVALID, SIGNATURE_INVALID. @throws {FailedPreconditionError} PAYLOAD_TYPE_UNEXPECTED, UNTRUSTED_SIGNER.
 */
export function openEnvelope(
  raw: unknown,
  payloadType: string,
  trustedKeys: readonly TrustedKey[],
): { readonly payload: Uint8Array; readonly keyIds: readonly string[] } {
  const envelope = parseEnvelope(raw);
  if (envelope.payloadType !== payloadType) {
    throw new FailedPreconditionError(`the envelope does not hold a ${payloadType}`, {
      reason: 'PAYLOAD_TYPE_UNEXPECTED',
      facts: { expected: payloadType },
    });
  }
  const payload = Buffer.from(envelope.payload, 'base64');
  const message = preAuthenticationEncoding(envelope.payloadType, payload);
  const keyIds: string[] = [];
  for (const { keyid, sig } of envelope.signatures) {
    const trusted = trustedKeys.find(({ keyId }) => keyId === keyid);
    if (!trusted) continue;
    if (
      trusted.key.asymmetricKeyType !== 'ed25519' ||
      !verify(null, message, trusted.key, Buffer.from(sig, 'base64'))
    ) {
      throw new DataLossError(`the signature by key ${keyid} does not match the payload`, {
        reason: 'SIGNATURE_INVALID',
        facts: { keyid },
      });
    }
    keyIds.push(keyid);
  }
  if (keyIds.length === 0) {
    const signers = envelope.signatures.map(({ keyid }) => keyid).join(', ');
    throw new FailedPreconditionError(`no trusted key has signed this; it is signed by ${signers}`, {
      reason: 'UNTRUSTED_SIGNER',
      facts: { keyids: signers },
    });
  }
  return { payload, keyIds };
}
