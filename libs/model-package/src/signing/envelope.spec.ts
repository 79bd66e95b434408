import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import { decodeEnvelope, encodeEnvelope, openEnvelope, preAuthenticationEncoding, signPayload } from './envelope.ts';
import { generateKeyPair, readSigningKey, readTrustedKey, trustedKeyOf, writeTrustedKey } from './keys.ts';

const TYPE = 'application/vnd.slipway.test+json';
const payload = Buffer.from('{"a":1}');
const key = readSigningKey(generateKeyPair().privateKeyPem);
const stranger = readSigningKey(generateKeyPair().privateKeyPem);
const trusted = [trustedKeyOf(key)];

function reasonOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return (error as DomainError).reason;
  }
  throw new Error('did not fail');
}

/** RFC 8032 section 7.1, tests 1 to 3: secret seed, public key, message, signature. */
const RFC_8032 = [
  ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
  ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'],
  ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'],
] as const; // prettier-ignore

const pem = (label: string, der: string): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der, 'hex').toString('base64')}\n-----END ${label}-----\n`;

describe('keys', () => {
  it.each(RFC_8032)('are those of RFC 8032: %s', (seed, publicKey, message, signature) => {
    const signingKey = readSigningKey(pem('PRIVATE KEY', `302e020100300506032b657004220420${seed}`));
    expect(sign(null, Buffer.from(message, 'hex'), signingKey.key).toString('hex')).toBe(signature);
    const trustedKey = readTrustedKey(pem('PUBLIC KEY', `302a300506032b6570032100${publicKey}`));
    expect(trustedKey.keyId).toBe(signingKey.keyId);
    expect(readTrustedKey(writeTrustedKey(trustedKey)).keyId).toBe(trustedKey.keyId);
  });

  it('refuses other algorithms, private keys for public ones, and rubbish', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ed448 = generateKeyPairSync('ed448');
    for (const { publicKey, privateKey } of [rsa, ec, ed448]) {
      expect(reasonOf(() => readTrustedKey(publicKey.export({ type: 'spki', format: 'pem' })))).toBe('KEY_INVALID');
      expect(reasonOf(() => readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' })))).toBe('KEY_INVALID');
    }
    expect(reasonOf(() => readTrustedKey(generateKeyPair().privateKeyPem))).toBe('KEY_INVALID');
    expect(reasonOf(() => readSigningKey(generateKeyPair().publicKeyPem))).toBe('KEY_INVALID');
    expect(reasonOf(() => readTrustedKey('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'))).toBe(
      'KEY_INVALID',
    );
    expect(reasonOf(() => readTrustedKey(''))).toBe('KEY_INVALID');
  });
});

describe('envelope', () => {
  it('encodes what is signed as the DSSE specification shows', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
    const bytes = preAuthenticationEncoding('é', Buffer.from('ü'));
    expect(Buffer.from(bytes).toString()).toBe('DSSEv1 2 é 2 ü'); // lengths in bytes
  });

  it('opens what a trusted key has signed', () => {
    const envelope = decodeEnvelope(encodeEnvelope(signPayload(TYPE, payload, key)));
    expect(openEnvelope(envelope, TYPE, trusted)).toEqual({ payload, keyIds: [key.keyId] });
  });

  it('needs one trusted signature and no wrong one', () => {
    const mine = signPayload(TYPE, payload, key);
    const theirs = signPayload(TYPE, payload, stranger);
    const both = { ...mine, signatures: [...theirs.signatures, ...mine.signatures] };
    expect(openEnvelope(both, TYPE, trusted).keyIds).toEqual([key.keyId]);
    expect(reasonOf(() => openEnvelope(theirs, TYPE, trusted))).toBe('UNTRUSTED_SIGNER');
    const [theirSignature] = theirs.signatures;
    const forged = { ...mine, signatures: [...mine.signatures, { keyid: key.keyId, sig: theirSignature?.sig }] };
    expect(reasonOf(() => openEnvelope(forged, TYPE, trusted))).toBe('SIGNATURE_INVALID');
  });

  it('refuses another payload, another type, and a signature of the bare payload', () => {
    const envelope = signPayload(TYPE, payload, key);
    const other = { ...envelope, payload: Buffer.from('{"a":2}').toString('base64') };
    expect(reasonOf(() => openEnvelope(other, TYPE, trusted))).toBe('SIGNATURE_INVALID');
    expect(reasonOf(() => openEnvelope(envelope, 'text/plain', trusted))).toBe('PAYLOAD_TYPE_UNEXPECTED');
    const retyped = { ...envelope, payloadType: 'text/plain' };
    expect(reasonOf(() => openEnvelope(retyped, 'text/plain', trusted))).toBe('SIGNATURE_INVALID');
    const bare = { keyid: key.keyId, sig: sign(null, payload, key.key).toString('base64') };
    expect(reasonOf(() => openEnvelope({ ...envelope, signatures: [bare] }, TYPE, trusted))).toBe('SIGNATURE_INVALID');
  });

  it('does not believe a key of another algorithm, even under a trusted id', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const envelope = signPayload(TYPE, payload, key);
    expect(reasonOf(() => openEnvelope(envelope, TYPE, [{ keyId: key.keyId, key: publicKey }]))).toBe(
      'SIGNATURE_INVALID',
    );
    const ed448 = createPrivateKey(generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const sig = sign(null, preAuthenticationEncoding(TYPE, payload), ed448).toString('base64');
    const longer = { ...envelope, signatures: [{ keyid: key.keyId, sig }] };
    expect(reasonOf(() => openEnvelope(longer, TYPE, trusted))).toBe('ENVELOPE_INVALID');
  });

  const good = signPayload(TYPE, payload, key);
  const signature = { keyid: key.keyId, sig: good.signatures[0]?.sig ?? '' };
  it.each<[string, unknown]>([
    ['null', null],
    ['an array', []],
    ['no signatures', { ...good, signatures: [] }],
    ['an empty signature', { ...good, signatures: [{ ...signature, sig: '' }] }],
    ['a signature with an alg', { ...good, signatures: [{ ...signature, alg: 'none' }] }],
    ['a signature without a key id', { ...good, signatures: [{ sig: signature.sig }] }],
    ['a key id in capitals', { ...good, signatures: [{ ...signature, keyid: key.keyId.toUpperCase() }] }],
    ['base64 without padding', { ...good, signatures: [{ ...signature, sig: signature.sig.replaceAll('=', '') }] }],
    ['base64 with white space', { ...good, payload: `${good.payload}\n` }],
    ['URL-safe base64', { ...good, payload: Buffer.from([0xfb, 0xff, 0xfe]).toString('base64url') }],
    ['a payload that is no text', { ...good, payload: 7 }],
    ['too many signatures', { ...good, signatures: Array.from({ length: 9 }, () => signature) }],
    ['another field', { ...good, note: 'hello' }],
  ])('refuses %s', (_, envelope) => {
    expect(reasonOf(() => openEnvelope(envelope, TYPE, trusted))).toBe('ENVELOPE_INVALID');
  });

  it('refuses bytes that are no JSON, or too many', () => {
    expect(reasonOf(() => decodeEnvelope(Buffer.from('{')))).toBe('ENVELOPE_INVALID');
    expect(reasonOf(() => decodeEnvelope(new Uint8Array(5 * 1024 * 1024)))).toBe('ENVELOPE_INVALID');
  });
});
