import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { parseConfig } from './config.ts';
import { readEnvironment } from './training-environment.ts';

const folder = temporaryDirectory();
afterAll(() => folder.remove());
const environment = { PATH: process.env['PATH'] ?? '', SLIPWAY_MODEL_DIRECTORY: folder.path };
const read = (workingDirectory: string, settings: Readonly<Record<string, unknown>> = {}) =>
  readEnvironment({
    config: parseConfig({ command: 'train', workingDirectory, ...settings }, { environment: {} }),
    environment,
    mark: `SLIPWAY_MODEL_DIRECTORY=${folder.path}`,
    clock: systemClock,
    signal: new AbortController().signal,
  });
const git = (where: string, ...rest: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...rest], {
    cwd: where,
    encoding: 'utf8',
  });

describe('the environment of a training', () => {
  it('has the git commit of the working folder, and whether something in it is not committed', async () => {
    const repository = join(folder.path, 'repository');
    const models = join(repository, 'models');
    mkdirSync(models, { recursive: true });
    git(repository, 'init', '--quiet');
    expect(await read(models)).toEqual({ lock: '' }); // no commit yet
    writeFileSync(join(models, 'train.py'), 'pass');
    git(repository, 'add', '.');
    git(repository, 'commit', '--quiet', '-m', 'first');
    const commit = git(repository, 'rev-parse', 'HEAD').trim();
    expect(await read(models)).toEqual({ lock: '', git: { commit, dirty: false } });
    writeFileSync(join(repository, 'elsewhere'), ''); // does not concern the program
    expect((await read(models)).git?.dirty).toBe(false);
    writeFileSync(join(models, 'notes'), '');
    expect((await read(models)).git?.dirty).toBe(true);
    git(repository, 'add', '.');
    git(repository, 'commit', '--quiet', '-m', 'second');
    writeFileSync(join(models, 'train.py'), 'pass # changed');
    expect((await read(models)).git).toEqual({ commit: git(repository, 'rev-parse', 'HEAD').trim(), dirty: true });
  });

  it('has no commit outside of a repository or without git', async () => {
    const outside = join(folder.path, 'outside');
    mkdirSync(outside);
    expect(await read(outside)).toEqual({ lock: '' });
  });

  it('has what the lock command prints, and none when it fails', async () => {
    const print = [process.execPath, '-e', 'console.error("a warning"); console.log("numpy==2.4.6\\nscipy==1.17.1")'];
    expect((await read(folder.path, { lockCommand: print })).lock).toBe('numpy==2.4.6\nscipy==1.17.1');
    const fail = [process.execPath, '-e', 'console.error("no pip here"); process.exitCode = 1'];
    await expect(read(folder.path, { lockCommand: fail })).rejects.toThrow(/lockCommand.*failed; it wrote last:\nno pip here/s);
    await expect(read(folder.path, { lockCommand: ['no-such-program'] })).rejects.toMatchObject({ reason: 'TRAINING_LOCK_FAILED' });
  }); // prettier-ignore
});
