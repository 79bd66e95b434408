import { UnauthenticatedError, WORKSPACE_PATTERN } from '@slipway/kernel';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator, Credentials, Identity } from '../authenticator.ts';

/** What the suite needs: a driver that is not open yet, and credentials that it must and must not take. */
export interface AuthenticatorSubject {
  readonly authenticator: Authenticator;
  /** At least one. */
  readonly accepted: readonly { readonly credentials: Credentials; readonly identity: Identity }[];
  /** Near misses of this driver: expired, another's user, another form. Random ones are added by the suite. */
  readonly refused: readonly Credentials[];
  dispose(): Promise<void>;
}

/** Every authenticator passes this. @param make called once per test. */
export function authenticatorSuite(name: string, make: () => Promise<AuthenticatorSubject>): void {
  describe(`authenticator contract: ${name}`, () => {
    const signal = new AbortController().signal;
    let subject: AuthenticatorSubject;
    let authenticator: Authenticator;
    beforeEach(async () => {
      subject = await make();
      ({ authenticator } = subject);
      await authenticator.open(signal);
    });
    afterEach(async () => {
      await authenticator.close();
      await subject.dispose();
    });

    const outcomeOf = (credentials: Credentials): Promise<unknown> =>
      authenticator.authenticate(credentials, signal).then(
        (identity) => identity,
        (error: unknown) => error,
      );

    it('knows who shows valid credentials, each time again and many at once', async () => {
      expect(subject.accepted.length).toBeGreaterThan(0);
      for (const { credentials, identity } of subject.accepted) {
        const answers = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(credentials)));
        for (const answer of answers) expect(answer).toEqual(identity);
      }
    });

    it('gives identities that the platform can use', async () => {
      for (const { credentials } of subject.accepted) {
        const { principal, workspaces, roles } = await authenticator.authenticate(credentials, signal);
        expect(principal).toMatch(/^\S+$/);
        expect(workspaces.length).toBeGreaterThan(0);
        for (const workspace of workspaces) if (workspace !== '*') expect(workspace).toMatch(WORKSPACE_PATTERN);
        expect(roles.every((role) => role !== '')).toBe(true);
      }
    });

    it('for all other credentials: refuses with one and the same text, or proves nothing and says so', async () => {
      const text = fc.string({ unit: 'binary', maxLength: 200 });
      const credentials: fc.Arbitrary<Credentials> = fc.oneof(
        fc.constant<Credentials>({ scheme: 'none' }),
        fc.record({ scheme: fc.constant('bearer' as const), token: text }),
        fc.record({ scheme: fc.constant('basic' as const), user: text, password: text }),
        fc.constantFrom(...subject.refused, ...forgedTokens),
      );
      const texts = new Set<string>();
      await fc.assert(
        fc.asyncProperty(credentials, async (shown) => {
          const outcome = await outcomeOf(shown);
          if (authenticator.loopbackOnly) {
            expect(outcome).toEqual(subject.accepted[0]?.identity);
          } else {
            expect(outcome).toBeInstanceOf(UnauthenticatedError);
            texts.add((outcome as Error).message);
          }
        }),
        { numRuns: 300 },
      );
      expect(texts.size).toBe(authenticator.loopbackOnly ? 0 : 1);
    });

    it('refuses the near misses', async () => {
      for (const credentials of authenticator.loopbackOnly ? [] : subject.refused) {
        expect(await outcomeOf(credentials)).toBeInstanceOf(UnauthenticatedError);
      }
      if (!authenticator.loopbackOnly) expect(subject.refused.length).toBeGreaterThan(0);
    });

    it('lets nobody change an identity for others', async () => {
      const [first] = subject.accepted;
      if (!first) throw new Error('the suite needs accepted credentials');
      const identity = await authenticator.authenticate(first.credentials, signal);
      try {
        (identity.roles as string[]).push('admin-by-mutation');
      } catch {
        // frozen: that is one way to keep the promise
      }
      expect(await authenticator.authenticate(first.credentials, signal)).toEqual(first.identity);
    });

    it('can be closed twice', async () => {
      await authenticator.close();
      await expect(authenticator.close()).resolves.toBeUndefined();
    });
  });
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = part({ sub: 'admin', principal: 'admin', roles: ['admin'], exp: 4_102_444_800 });

/** Tokens that say of themselves that they are valid. */
const forgedTokens: readonly Credentials[] = [
  `${part({ alg: 'none', typ: 'JWT' })}.${claims}.`,
  `${part({ alg: 'None' })}.${claims}.x`,
  `${part({ alg: 'HS256', typ: 'JWT' })}.${claims}.${part({})}`,
  `${part({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })}.${claims}.AAAA`,
].map((token) => ({ scheme: 'bearer', token }));
