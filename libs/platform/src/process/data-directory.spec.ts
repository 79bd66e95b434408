import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../lifecycle/testing/manual-clock.ts';
import { openDataDirectory } from './data-directory.ts';
import { identityOf, isRunning } from './process-identity.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let lock: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'deep', 'data');
  lock = join(path, 'process.lock');
});
afterEach(() => directory.remove());

const clock = new ManualClock();
const open = () => openDataDirectory(path, clock, silentLogger);
const leave = (holder: object | string): void => {
  open().release();
  writeFileSync(lock, typeof holder === 'string' ? holder : JSON.stringify(holder));
};
const holder = (): unknown => JSON.parse(readFileSync(lock, 'utf8'));

describe('the data directory', () => {
  it('belongs to its user and to one holder until it is stopped', async () => {
    const data = open();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(data.folder('event-bus-sqlite')).isDirectory()).toBe(true);
    expect(holder()).toEqual(identityOf(process.pid));
    expect(open).toThrow(`'${path}' is in use by process ${process.pid}`);
    await data.start(new AbortController().signal);
    await data.stop();
    await data.stop();
    expect(existsSync(lock)).toBe(false);
    open().release();
  });

  it('is taken over from a process that has died', () => {
    leave({ ...identityOf(process.pid), pid: 2 ** 22 + 1 }); // above the largest process id of Linux
    open();
    expect(holder()).toEqual(identityOf(process.pid));
  });

  it('is taken over when another process has the id of the dead one by now, as in a container', () => {
    leave({ ...identityOf(process.pid), started: 'another-boot/1' });
    open();
    expect(holder()).toEqual(identityOf(process.pid));
  });

  it('is not taken from a process of another host before its heartbeat has ended', () => {
    leave({ pid: 1, host: 'another-host', started: 'x' });
    expect(open).toThrow('is in use by process 1 on another-host');
    const past = new Date(Date.now() - 31_000);
    utimesSync(lock, past, past);
    open();
    expect(holder()).toEqual(identityOf(process.pid));
  });

  it('is taken over with a lock that nobody can read', () => {
    leave('{"pid":');
    open();
    expect(holder()).toEqual(identityOf(process.pid));
  });

  it('keeps touching its lock while it is held', async () => {
    const data = open();
    await data.start(new AbortController().signal);
    const past = new Date(Date.now() - 60_000);
    utimesSync(lock, past, past);
    clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(Date.now() - statSync(lock).mtimeMs).toBeLessThan(30_000);
    await data.stop();
  });

  it('does not remove the lock of another', async () => {
    const data = open();
    writeFileSync(lock, '{"pid":1}');
    await data.stop();
    expect(readFileSync(lock, 'utf8')).toBe('{"pid":1}');
  });

  it('knows which processes run', () => {
    expect(isRunning(identityOf(process.pid))).toBe(true);
    expect(isRunning(identityOf(process.ppid))).toBe(true);
    expect(isRunning({ ...identityOf(process.pid), pid: 2 ** 22 + 1 })).toBe(false);
  });
});
