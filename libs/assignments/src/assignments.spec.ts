import { generateKeyPairSync } from 'node:crypto';
import { CompactSign } from 'jose';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '@slipway/kernel';
import { AssignmentSigner } from './assignment-signer.ts';
import { AssignmentVerifier } from './assignment-verifier.ts';
import type { AssignmentClaims, AssignmentKey } from './claims.ts';

const NOW = 986_688_000_123_456n;
const never = new AbortController().signal;

const keyPair = (keyId: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key: AssignmentKey = { keyId, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  return { key, privateKey, signer: AssignmentSigner.fromPem(keyId, privatePem) };
};

const CLAIMS: AssignmentClaims = {
  id: 'assignment-1',
  workspace: 'default',
  objective: 'late-departure',
  experiment: 'experiment-1',
  arm: 'champion',
  deployment: { model: 'flight-delay', alias: 'champion' },
  propensity: 0.3,
  unitHash: 'ab12',
  shadows: [{ model: 'flight-delay', alias: 'live' }],
  issuedAt: NOW,
  expiresAt: NOW + 3_600_000_001n,
};

const first = keyPair('first');
const second = keyPair('second');

function setUp(published: AssignmentKey[] = [first.key], cacheMax = 100) {
  const time = { micros: NOW, ms: 0, reads: 0 };
  const clock: Clock = { now: () => time.micros, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const keys = (): Promise<readonly AssignmentKey[]> => {
    time.reads += 1;
    return Promise.resolve(published);
  };
  return { time, published, verifier: new AssignmentVerifier({ keys, clock, cacheMax, refreshMs: 5_000 }) };
}

describe('assignment tokens', () => {
  it('carry the claims, to the microsecond', async () => {
    const { verifier } = setUp();
    const text = fc.string({ maxLength: 40 });
    const deployment = fc.record({ model: text, alias: text });
    const claims = fc.record({
      id: text,
      workspace: text,
      objective: text,
      experiment: text,
      arm: text,
      deployment,
      propensity: fc.integer({ min: 1, max: 1_000 }).map((weight) => weight / 1_000),
      unitHash: text,
      shadows: fc.array(deployment, { maxLength: 9 }),
      issuedAt: fc.bigInt({ min: 1n, max: NOW }),
      expiresAt: fc.bigInt({ min: NOW + 1n, max: 4_294_967_295_999_999n }),
    });
    await fc.assert(
      fc.asyncProperty(claims, async (each) => {
        expect(await verifier.verify(await first.signer.sign(each), never)).toEqual(each);
      }),
      { numRuns: 50 },
    );
  });

  it('are good until they expire, also when they were seen before', async () => {
    const { verifier, time } = setUp();
    const token = await first.signer.sign(CLAIMS);
    time.micros = CLAIMS.expiresAt - 1n;
    expect(await verifier.verify(token, never)).toEqual(CLAIMS);
    time.micros = CLAIMS.expiresAt;
    for (let repeat = 0; repeat < 2; repeat += 1) {
      await expect(verifier.verify(token, never)).rejects.toMatchObject({
        kind: 'failed-precondition',
        reason: 'ASSIGNMENT_EXPIRED',
      });
    }
  });

  it('are denied when claims, signature or key are changed', async () => {
    const { verifier } = setUp();
    const [header, payload, signature] = (await first.signer.sign(CLAIMS)).split('.');
    const [, otherPayload] = (await first.signer.sign({ ...CLAIMS, arm: 'live' })).split('.');
    const [, , otherSignature] = (await keyPair('first').signer.sign(CLAIMS)).split('.');
    for (const token of [`${header}.${otherPayload}.${signature}`, `${header}.${payload}.${otherSignature}`]) {
      await expect(verifier.verify(token, never)).rejects.toMatchObject({
        kind: 'denied',
        reason: 'ASSIGNMENT_SIGNATURE_INVALID',
      });
    }
  });

  it.each([
    ['no token', 'x'],
    ['empty', ''],
    ['two parts', 'e30.e30'],
    ['a header of another kind', `${Buffer.from('{"alg":"EdDSA","kid":"first"}').toString('base64url')}.e30.AA`],
    ['unsigned', `${Buffer.from('{"alg":"none","typ":"slipway-assignment+jwt"}').toString('base64url')}.e30.`],
    ['too long', 'x'.repeat(9_000)],
  ])('are refused when malformed: %s', async (_, token) => {
    await expect(setUp().verifier.verify(token, never)).rejects.toMatchObject({
      kind: 'invalid-argument',
      reason: 'ASSIGNMENT_MALFORMED',
    });
  });

  it('are refused when our key signed something else', async () => {
    const { verifier } = setUp();
    const sign = (typ: string, body: string): Promise<string> =>
      new CompactSign(Buffer.from(body)).setProtectedHeader({ alg: 'EdDSA', kid: 'first', typ }).sign(first.privateKey);
    for (const token of [await sign('JWT', '{}'), await sign('slipway-assignment+jwt', '{"jti":"x"}')]) {
      await expect(verifier.verify(token, never)).rejects.toMatchObject({ reason: 'ASSIGNMENT_MALFORMED' });
    }
  });
});

describe('assignment verifier', () => {
  it('reads keys once, and again for a new key id, at most each refresh interval', async () => {
    const { verifier, time, published } = setUp();
    const tokens = await Promise.all([1, 2, 3].map((id) => first.signer.sign({ ...CLAIMS, id: `${id}` })));
    await Promise.all(tokens.map((token) => verifier.verify(token, never)));
    expect(time.reads).toBe(1);

    const later = await second.signer.sign(CLAIMS);
    await expect(verifier.verify(later, never)).rejects.toMatchObject({ kind: 'denied' });
    expect(time.reads).toBe(1);
    published.push(second.key);
    time.ms = 5_000;
    expect(await verifier.verify(later, never)).toEqual(CLAIMS);
    expect(time.reads).toBe(2);
  });

  it('hands on the error of the key source and tries again', async () => {
    let broken = true;
    const clock: Clock = { now: () => NOW, monotonicMs: () => 0, sleep: () => Promise.resolve() };
    const keys = (): Promise<readonly AssignmentKey[]> =>
      broken ? Promise.reject(new Error('router is away')) : Promise.resolve([first.key]);
    const verifier = new AssignmentVerifier({ keys, clock, cacheMax: 10, refreshMs: 5_000 });
    const token = await first.signer.sign(CLAIMS);
    await expect(verifier.verify(token, never)).rejects.toThrow('router is away');
    broken = false;
    expect(await verifier.verify(token, never)).toEqual(CLAIMS);
  });

  it('keeps no more tokens than it may, the last used ones', async () => {
    const { verifier } = setUp([first.key], 2);
    const [one = '', two = '', three = ''] = await Promise.all(
      ['1', '2', '3'].map((id) => first.signer.sign({ ...CLAIMS, id })),
    );
    const kept = await verifier.verify(one, never);
    const dropped = await verifier.verify(two, never);
    expect(await verifier.verify(one, never)).toBe(kept);
    await verifier.verify(three, never);
    expect(await verifier.verify(one, never)).toBe(kept);
    expect(await verifier.verify(two, never)).not.toBe(dropped);
  });

  it('does not wait past its signal', async () => {
    const clock: Clock = { now: () => NOW, monotonicMs: () => 0, sleep: () => Promise.resolve() };
    const hanging = new AssignmentVerifier({
      keys: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      clock,
      cacheMax: 10,
      refreshMs: 5_000,
    });
    const abort = new AbortController();
    const token = await first.signer.sign(CLAIMS);
    const waiting = [hanging.verify(token, abort.signal), hanging.verify(token, abort.signal)];
    await new Promise(setImmediate); // the first one reads keys, the second waits for it
    abort.abort(new Error('gave up'));
    const results = await Promise.allSettled(waiting);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  });
});

describe('assignment signer', () => {
  it('refuses what is no Ed25519 key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const wrong of [pem, 'secret words']) {
      expect(() => AssignmentSigner.fromPem('k', wrong)).toThrow('signing_key: is no Ed25519 private key');
    }
  });
});
