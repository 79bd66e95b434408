import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createIdSource, seededRandom, silentLogger, UnauthenticatedError, type Clock } from '@slipway/kernel';
import type { Authenticator, DriverDependencies } from '@slipway/plugin-kit';
import { authenticatorSuite } from '@slipway/plugin-kit/testing';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ManualClock } from '../lifecycle/testing/manual-clock.ts';
import { createToken } from './create-token.ts';
import { noneAuthenticator } from './none-authenticator.ts';
import { tokensAuthenticator } from './tokens-authenticator.ts';

const random = seededRandom(7);
const dependencies = (clock: Clock, dataDirectory: string, errors: string[] = []): DriverDependencies => ({
  clock,
  ids: createIdSource(clock, random),
  log: { ...silentLogger, error: (_fields, message) => void errors.push(message) },
  dataDirectory,
});

const ada = createToken(random, { principal: 'ada', workspaces: ['flights', 'default'], roles: ['editor'] });
const robot = createToken(random, { principal: 'robot', workspace: '*', roles: ['service'] });
const late = createToken(random, {
  principal: 'late',
  workspace: 'default',
  roles: [],
  expires: '1970-01-01T00:00:10Z',
});
const write = (path: string, ...entries: readonly object[]): void => {
  writeFileSync(`${path}.new`, stringify({ tokens: entries }));
  renameSync(`${path}.new`, path);
};
const identityOfAda = { principal: 'ada', workspaces: ['flights', 'default'], roles: ['editor'] };

authenticatorSuite('tokens', async () => {
  const directory = temporaryDirectory();
  const file = join(directory.path, 'tokens.yaml');
  const clock = new ManualClock();
  clock.advance(10_000);
  write(file, ada.entry, robot.entry, late.entry);
  return {
    authenticator: tokensAuthenticator.create({ file, reloadMs: 1_000 }, dependencies(clock, directory.path)),
    accepted: [
      { credentials: { scheme: 'bearer', token: ada.token }, identity: identityOfAda },
      { credentials: { scheme: 'basic', user: 'ada', password: ada.token }, identity: identityOfAda },
      { credentials: { scheme: 'basic', user: 'token', password: ada.token }, identity: identityOfAda },
      { credentials: { scheme: 'basic', user: '', password: ada.token }, identity: identityOfAda },
      { credentials: { scheme: 'basic', user: ada.token, password: '' }, identity: identityOfAda },
      {
        credentials: { scheme: 'bearer', token: robot.token },
        identity: { principal: 'robot', workspaces: ['*'], roles: ['service'] },
      },
    ],
    refused: [
      { scheme: 'bearer', token: late.token },
      { scheme: 'bearer', token: ada.entry.sha256 },
      { scheme: 'bearer', token: `${ada.token} ` },
      { scheme: 'bearer', token: ada.token.slice(0, -1) },
      { scheme: 'basic', user: 'robot', password: ada.token },
      { scheme: 'basic', user: 'ada', password: 'ada' },
      { scheme: 'basic', user: 'ada', password: '' },
      { scheme: 'basic', user: '', password: '' },
    ],
    dispose: async () => directory.remove(),
  };
});

authenticatorSuite('none', async () => ({
  authenticator: noneAuthenticator.create(undefined, dependencies(new ManualClock(), '/nowhere')),
  accepted: [
    { credentials: { scheme: 'none' }, identity: { principal: 'local', workspaces: ['*'], roles: ['admin'] } },
  ],
  refused: [],
  dispose: async () => undefined,
}));

describe('the file of tokens', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  let clock: ManualClock;
  let errors: string[];
  let authenticator: Authenticator;
  const signal = new AbortController().signal;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'tokens.yaml');
    clock = new ManualClock();
    errors = [];
    authenticator = tokensAuthenticator.create({ file, reloadMs: 1_000 }, dependencies(clock, directory.path, errors));
  });
  afterEach(async () => {
    await authenticator.close();
    directory.remove();
  });

  const knows = async ({ token }: { token: string }): Promise<boolean> => {
    try {
      await authenticator.authenticate({ scheme: 'bearer', token }, signal);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(UnauthenticatedError);
      return false;
    }
  };
  /** One round of the watch: the clock moves and the file is read, which is real I/O. */
  const round = async (): Promise<void> => {
    clock.advance(1_000);
    for (let tries = 0; tries < 200; tries++) {
      await delay(5);
      if (clock.sleepers === 1) return;
    }
    throw new Error('the watch did not come back');
  };

  it('is read again when it changes: a revoked token ends, a new one begins', async () => {
    write(file, ada.entry);
    await authenticator.open(signal);
    write(file, robot.entry);
    expect([await knows(ada), await knows(robot)]).toEqual([true, false]);
    await round();
    expect([await knows(ada), await knows(robot)]).toEqual([false, true]);
  });

  it('keeps the old tokens while the new file is bad or gone, complains once, and takes the next good one', async () => {
    write(file, ada.entry);
    await authenticator.open(signal);
    write(file, { ...robot.entry, sha256: 'short' });
    await round();
    await round();
    expect([await knows(ada), await knows(robot), errors.length]).toEqual([true, false, 1]);
    rmSync(file);
    await round();
    expect([await knows(ada), errors.length]).toEqual([true, 2]);
    await round();
    expect(errors).toHaveLength(2);
    write(file, robot.entry);
    await round();
    expect([await knows(ada), await knows(robot)]).toEqual([false, true]);
  });

  it('ends a token at its time, without reading the file again', async () => {
    write(file, late.entry);
    await authenticator.open(signal);
    expect(await knows(late)).toBe(true);
    clock.advance(9_999);
    expect(await knows(late)).toBe(true);
    clock.advance(1);
    expect(await knows(late)).toBe(false);
  });

  it.each([
    ['an absent file', undefined, 'ENOENT'],
    ['no YAML', 'tokens: [', 'Flow sequence'],
    ['an unknown field', { ...ada.entry, admin: true }, 'Unrecognized key'],
    ['upper-case hex', { ...ada.entry, sha256: ada.entry.sha256.toUpperCase() }, 'tokens.0.sha256'],
    ['a token instead of its hash', { ...ada.entry, sha256: ada.token }, 'tokens.0.sha256'],
    ['no workspace', { ...ada.entry, workspaces: undefined }, 'workspace'],
    ['a workspace that is none', { ...ada.entry, workspaces: ['../x'] }, 'tokens.0.workspaces'],
    ['a time without zone', { ...ada.entry, expires: '2030-01-01T00:00:00' }, 'tokens.0.expires'],
  ])('does not open with %s, and says what is wrong', async (_what, content, text) => {
    if (typeof content === 'string') writeFileSync(file, content);
    else if (content) write(file, content);
    await expect(authenticator.open(signal)).rejects.toThrow(text);
    await expect(authenticator.open(signal)).rejects.toThrow('authenticator.tokens.file');
  });

  it('does not open with one token twice', async () => {
    write(file, ada.entry, { ...ada.entry, principal: 'eve' });
    await expect(authenticator.open(signal)).rejects.toThrow('tokens.1.sha256: appears twice');
  });
});

describe('settings of the drivers', () => {
  it('are checked', () => {
    expect(tokensAuthenticator.parseConfig({ file: 'x', reloadMs: '500' })).toEqual({ file: 'x', reloadMs: 500 });
    expect(() => tokensAuthenticator.parseConfig({ reloadMs: '1', fil: 'x' })).toThrow(
      /file: is required.*reloadMs.*fil/,
    );
    expect(() => noneAuthenticator.parseConfig({ file: 'x' })).toThrow('no settings, got file');
  });
});
