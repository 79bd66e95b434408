import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair, readTrustedKey } from '@slipway/model-package';
import { temporaryDirectory } from '@slipway/testing';
import { loadSigningKeys, publicKeyFileOf } from './signing-keys.ts';

describe('signing keys', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'keys', 'registry.pem');
  });
  afterEach(() => directory.remove());

  it('makes a key once, for its owner alone, with the public half beside it', async () => {
    const made = await loadSigningKeys({ file, createIfAbsent: true });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(made.publicKeyFile).toBe(join(directory.path, 'keys', 'registry.pub.pem'));
    expect(readTrustedKey(readFileSync(made.publicKeyFile ?? '')).keyId).toBe(made.signingKey.keyId);
    const again = await loadSigningKeys({ file, createIfAbsent: true });
    expect(again.signingKey.keyId).toBe(made.signingKey.keyId);
    expect(readdirSync(join(directory.path, 'keys')).sort()).toEqual(['registry.pem', 'registry.pub.pem']);
  });

  it('gives one key to all who start at once', async () => {
    const loaded = await Promise.all(Array.from({ length: 8 }, () => loadSigningKeys({ file, createIfAbsent: true })));
    expect(new Set(loaded.map(({ signingKey }) => signingKey.keyId)).size).toBe(1);
    expect(readdirSync(join(directory.path, 'keys'))).toHaveLength(2);
  });

  it('uses the key of an operator and never makes one in its place', async () => {
    const provided = join(directory.path, 'own.pem');
    await expect(loadSigningKeys({ file: provided, createIfAbsent: false })).rejects.toThrow(
      /no signing key in .*own\.pem/,
    );
    writeFileSync(provided, generateKeyPair().privateKeyPem);
    writeFileSync(publicKeyFileOf(provided), 'stale');
    const { trustedKey } = await loadSigningKeys({ file: provided, createIfAbsent: false });
    expect(readTrustedKey(readFileSync(publicKeyFileOf(provided))).keyId).toBe(trustedKey.keyId);
  });

  it('refuses what is not a private key', async () => {
    const wrong = join(directory.path, 'wrong.pem');
    writeFileSync(wrong, generateKeyPair().publicKeyPem);
    await expect(loadSigningKeys({ file: wrong, createIfAbsent: true })).rejects.toMatchObject({
      reason: 'KEY_INVALID',
    });
    await expect(loadSigningKeys({ file: directory.path, createIfAbsent: true })).rejects.toThrow(/cannot be read/);
  });
});
