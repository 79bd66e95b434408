import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '@slipway/testing';
import { createKeyFile, publishKeyFile, readKeyFile } from './key-file.ts';

describe('a key file', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'keys', 'own.pem');
  });
  afterEach(() => directory.remove());

  it('is for its owner alone, and never replaced', async () => {
    expect(await readKeyFile(file)).toBeUndefined();
    expect(await createKeyFile(file, 'first')).toBe('first');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(await createKeyFile(file, 'second')).toBe('first');
    expect(await readKeyFile(file)).toBe('first');
    expect(readdirSync(dirname(file))).toEqual(['own.pem']);
  });

  it('is one for all who make it at once, whole', async () => {
    const keys = Array.from({ length: 8 }, (_, at) => `key ${at} `.repeat(1_000));
    const made = new Set(await Promise.all(keys.map((key) => createKeyFile(file, key))));
    expect(made.size).toBe(1);
    expect(keys).toContain([...made][0]);
    expect(readdirSync(dirname(file))).toEqual(['own.pem']);
  });

  it('is published for all to read, in place of an old one', async () => {
    const published = join(directory.path, 'own.pub.pem');
    writeFileSync(published, 'stale', { mode: 0o600 });
    expect(await publishKeyFile(published, 'public')).toBe(true);
    expect(readFileSync(published, 'utf8')).toBe('public');
    expect(statSync(published).mode & 0o777).toBe(0o644 & ~process.umask());
    expect(await publishKeyFile(published, 'public')).toBe(true);
    expect(readdirSync(directory.path)).toEqual(['own.pub.pem']);
  });

  it('that cannot be read is an error that names it', async () => {
    await expect(readKeyFile(directory.path)).rejects.toThrow(`the key in ${directory.path} cannot be read`);
  });
});
