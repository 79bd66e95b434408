import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPermitted, silentLogger, type Caller } from '@slipway/kernel';
import type { Authenticator, Credentials, Identity } from '@slipway/plugin-kit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertListenerAllowed } from './assert-listener.ts';
import { createCallerResolver } from './caller-resolver.ts';
import { readCredentials } from './credentials.ts';
import { ROLES } from './roles.ts';

const signal = new AbortController().signal;
const authenticatorFor = (identity: Partial<Identity>): Authenticator => ({
  loopbackOnly: false,
  open: async () => undefined,
  authenticate: async () => ({ principal: 'ada', workspaces: ['flights', 'default'], roles: ['viewer'], ...identity }),
  close: async () => undefined,
});
const resolve = (identity: Partial<Identity>, workspace?: string): Promise<Caller> =>
  createCallerResolver(authenticatorFor(identity), ROLES, silentLogger)({ workspace }, signal);

describe('credentials', () => {
  it('for all users and passwords: Basic is read back, only the first colon separates', () => {
    const user = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':'));
    fc.assert(
      fc.property(
        user,
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('Basic', 'basic', 'BASIC'),
        (name, password, scheme) => {
          const header = `${scheme} ${Buffer.from(`${name}:${password}`).toString('base64')}`;
          expect(readCredentials(header)).toEqual({ scheme: 'basic', user: name, password });
        },
      ),
    );
  });

  it('reads Bearer and the absence of everything', () => {
    expect(readCredentials('bearer a.b-c_d~+/=')).toEqual({ scheme: 'bearer', token: 'a.b-c_d~+/=' });
    expect(readCredentials(undefined)).toEqual({ scheme: 'none' } satisfies Credentials);
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Digest x',
    'Basic %%%',
    `Basic ${btoa('no colon')}`,
    `Bearer ${'x'.repeat(9_000)}`,
  ])('refuses %j with the same text', (header) => {
    expect(() => readCredentials(header)).toThrow('the credentials are missing or not valid; send a token');
  });
});

describe('the caller', () => {
  it('acts in the workspace it asks for, else in its first one', async () => {
    expect((await resolve({})).workspace).toBe('flights');
    expect((await resolve({}, 'default')).workspace).toBe('default');
    expect((await resolve({ workspaces: ['*'] })).workspace).toBe('default');
    expect(await resolve({ workspaces: ['*'] }, 'any-one')).toMatchObject({
      workspace: 'any-one',
      allWorkspaces: true,
    });
    expect(await resolve({ workspaces: ['*', 'own'] })).toMatchObject({ workspace: 'own', allWorkspaces: true });
    expect((await resolve({})).allWorkspaces).toBe(false);
    expect((await resolve({}, 'default')).principal).toBe('ada');
  });

  it('for all workspaces that are not its own: is refused in the same words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-z0-9]{1,20}$/), async (workspace) => {
        await expect(resolve({ workspaces: ['mine-only'] }, workspace)).rejects.toMatchObject({
          kind: 'denied',
          message: `principal 'ada' may not act in workspace '${workspace}'`,
        });
      }),
    );
  });

  it('is refused with text that is no workspace, also when it may see all', async () => {
    for (const workspace of ['', '*', '..', 'A', 'a.b', 'x'.repeat(64)]) {
      await expect(resolve({ workspaces: ['*'] }, workspace)).rejects.toMatchObject({ kind: 'invalid-argument' });
    }
    await expect(resolve({ workspaces: [] })).rejects.toMatchObject({ kind: 'denied' });
  });

  it('has what its roles grant, and nothing from a role that does not exist', async () => {
    const warnings: unknown[] = [];
    const log = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
    const resolver = createCallerResolver(
      authenticatorFor({ roles: ['predictor', 'root', 'constructor'] }),
      ROLES,
      log,
    );
    const caller = await resolver({}, signal);
    await resolver({}, signal);
    expect([...caller.permissions]).toEqual(ROLES['predictor']);
    expect(warnings).toHaveLength(2);
  });
});

describe('roles', () => {
  const protoDirectory = fileURLToPath(new URL('../../../../proto', import.meta.url));
  const overHttp = ['events.read'];
  const inContracts = readdirSync(protoDirectory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.proto'))
    .flatMap((path) => [...readFileSync(join(protoDirectory, path), 'utf8').matchAll(/\.permission\) = "([^"]+)"/g)])
    .map(([, permission = '']) => permission)
    .filter((permission) => permission !== 'public' && permission !== 'authenticated');
  const used = new Set([...inContracts, ...overHttp]);
  const may = (role: string, permission: string): boolean =>
    isPermitted(
      { principal: 'x', workspace: 'w', allWorkspaces: false, permissions: new Set(ROLES[role]) },
      permission,
    );

  it.each([...used])('grant %s to somebody other than the admin', (permission) => {
    expect(Object.keys(ROLES).filter((role) => role !== 'admin' && may(role, permission))).not.toEqual([]);
  });

  it('grant nothing by name that no contract asks for', () => {
    const granted = Object.values(ROLES).flat();
    expect(granted.filter((grant) => !grant.endsWith('*') && !used.has(grant))).toEqual([]);
  });

  it('keep duties apart', () => {
    const rights = (role: string): string[] => [...used].filter((permission) => may(role, permission));
    expect(used.size).toBeGreaterThan(10);
    expect(
      rights('editor')
        .filter((permission) => rights('approver').includes(permission))
        .sort(),
    ).toEqual(rights('viewer').sort());
    expect(rights('auditor').filter((permission) => !permission.startsWith('audit.'))).toEqual(['events.read']);
    expect(rights('predictor')).not.toContain('events.read');
    const changes = (role: string): string[] =>
      rights(role).filter((permission) => /\.(write|delete|move|approve)$/.test(permission));
    expect(changes('viewer')).toEqual([]);
    // what services do for others: scored rows count as used, predictions are stored, a decision moves an alias through its gates
    const ofServices = ['features.predictions.write', 'features.scoring-sets.write', 'registry.aliases.move'];
    expect(changes('service').sort()).toEqual(ofServices);
    for (const role of ['service', 'pipelines'])
      expect(rights(role).filter((permission) => /approve|policies|delete/.test(permission))).toEqual([]);
    expect(rights('admin').length).toBe(used.size);
  });
});

describe('a listener', () => {
  it('stays on loopback while nobody is asked who they are', () => {
    const open = { loopbackOnly: true };
    expect(() => assertListenerAllowed('grpc.host', '0.0.0.0', open, 'none')).toThrow(
      "set authenticator.driver to 'tokens' (and authenticator.tokens.file), or grpc.host to 127.0.0.1",
    );
    expect(() => assertListenerAllowed('grpc.host', '::', open, 'none')).toThrow('grpc.host');
    expect(() => assertListenerAllowed('grpc.host', '::1', open, 'none')).not.toThrow();
    expect(() => assertListenerAllowed('grpc.host', '0.0.0.0', { loopbackOnly: false }, 'tokens')).not.toThrow();
  });
});
