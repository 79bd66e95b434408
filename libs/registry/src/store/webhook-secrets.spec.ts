import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '@slipway/kernel';
import { webhookSecrets } from './webhook-secrets.ts';

const owner = { workspace: 'default', webhookId: 'w-1' };
const sealing = (fill: number) => webhookSecrets(Buffer.alloc(32, fill), systemRandom);

describe('sealed secrets', () => {
  it('open for all secrets with the key and the owner that sealed them, and look different each time', () => {
    const secrets = sealing(1);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (secret) => {
        fc.pre(secret.isWellFormed());
        const sealed = secrets.seal(secret, owner);
        expect(secrets.open(sealed, owner)).toBe(secret);
        expect(secrets.seal(secret, owner)).not.toBe(sealed);
      }),
    );
    expect(secrets.seal('', owner)).toBe('');
    expect(secrets.open('', owner)).toBe('');
  });

  it('do not open for another key or owner, nor when a bit of them is changed', () => {
    const secrets = sealing(1);
    const sealed = secrets.seal('geheim', owner);
    expect(() => sealing(2).open(sealed, owner)).toThrow('does not open');
    expect(() => secrets.open(sealed, { ...owner, webhookId: 'w-2' })).toThrow('does not open');
    expect(() => secrets.open(sealed, { ...owner, workspace: 'other' })).toThrow('does not open');
    expect(() => secrets.open('v9.AAAA', owner)).toThrow('unknown form');
    expect(() => secrets.open('v1.AAAA', owner)).toThrow('does not open');
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => secrets.open(`v1.${changed.toString('base64url')}`, owner)).toThrow('does not open');
    }
  });
});
