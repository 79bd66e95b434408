import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authenticatorSuite } from '@slipway/plugin-kit/testing';
import { expect, it } from 'vitest';
import { signedPlugin, signToken } from '../src/index.ts';
import { dependenciesIn, temporaryFolder } from './dependencies.ts';

const KEY = Buffer.alloc(32, 7);
const OTHER_KEY = Buffer.alloc(32, 8);
const alice = { principal: 'alice', workspaces: ['default'], roles: ['editor'] };
const inAnHour = Date.now() + 3_600_000;
const bearer = (token: string) => ({ scheme: 'bearer' as const, token });

authenticatorSuite('signed', async () => {
  const folder = temporaryFolder();
  const keyFile = join(folder.path, 'key');
  writeFileSync(keyFile, KEY);
  const good = signToken(KEY, { ...alice, expires: inAnHour });
  const [payload = '', signature = ''] = good.split('.');
  const asAdmin = Buffer.from(JSON.stringify({ ...alice, roles: ['admin'], expires: inAnHour })).toString('base64url');
  return {
    authenticator: signedPlugin.create(signedPlugin.parseConfig({ keyFile }), dependenciesIn(folder.path)),
    accepted: [{ credentials: bearer(good), identity: alice }],
    refused: [
      bearer(signToken(KEY, { ...alice, expires: Date.now() - 1 })),
      bearer(signToken(OTHER_KEY, { ...alice, expires: inAnHour })),
      bearer(signToken(KEY, { ...alice, workspaces: [], expires: inAnHour })),
      bearer(signToken(KEY, { ...alice, principal: 'not a name', expires: inAnHour })),
      bearer(`${asAdmin}.${signature}`),
      bearer(`${payload}.${signature.slice(1)}`),
      bearer(`${good}.`),
      { scheme: 'basic', user: 'alice', password: good },
    ],
    dispose: async () => folder.remove(),
  };
});

it('refuses a key that could be guessed, and a configuration without one', async () => {
  const folder = temporaryFolder();
  const keyFile = join(folder.path, 'key');
  writeFileSync(keyFile, 'short');
  const authenticator = signedPlugin.create(signedPlugin.parseConfig({ keyFile }), dependenciesIn(folder.path));
  await expect(authenticator.open(new AbortController().signal)).rejects.toThrow('has 5 bytes');
  expect(() => signedPlugin.parseConfig({ keyfile: 'x' })).toThrow('keyFile: is required');
  folder.remove();
});
