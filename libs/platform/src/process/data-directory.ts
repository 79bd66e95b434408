import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FailedPreconditionError, type Clock, type Component, type Logger } from '@slipway/kernel';
import { z } from 'zod';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

const LOCK = 'process.lock';
const HEARTBEAT_MS = 5_000;
/** Whether a process of another host lives can only be told from its heartbeat: six of them missed. */
const FOREIGN_LOCK_DEAD_MS = 30_000;

const lockSchema = z.object({ pid: z.number().int().positive(), host: z.string(), started: z.string() });

/** A directory that this process has for itself until it stops. */
export interface DataDirectory extends Component {
  /** Absolute. */
  readonly path: string;
  /** Creates a folder in it. @param name of letters, digits and dashes. */
  folder(name: string): string;
  /** Gives the lock back without having been started. */
  release(): void;
}

/**
 * Creates the directory (0700) and locks it. A lock whose process has died is taken over.
 * @throws {FailedPreconditionError} while another process holds it.
 */
export function openDataDirectory(directory: string, clock: Clock, log: Logger): DataDirectory {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = join(path, LOCK);
  const own = JSON.stringify(identityOf(process.pid));
  acquire(lock, own, path, log);
  const closed = new AbortController();
  let beating: Promise<void> = Promise.resolve();
  const release = (): void => {
    if (readLock(lock) === own) rmSync(lock, { force: true });
  };
  return {
    name: 'data directory',
    path,
    release,
    folder: (name) => {
      const folder = join(path, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    start: async () => {
      beating = beat(lock, clock, log, closed.signal);
    },
    stop: async () => {
      closed.abort();
      await beating;
      release();
    },
  };
}

function acquire(lock: string, own: string, path: string, log: Logger): void {
  const temporary = `${lock}.${process.pid}`;
  writeFileSync(temporary, own, { mode: 0o600 });
  try {
    if (linkOnce(temporary, lock)) return; // a link appears with its content or not at all
    const held = readLock(lock);
    const holder = parseHolder(held);
    if (holder && isHeld(holder, lock)) throw inUse(path, holder);
    log.warn({ lock, holder }, 'taking over the data directory of a process that has died');
    takeAway(lock, held, `${lock}.dead.${process.pid}`);
    if (!linkOnce(temporary, lock)) throw inUse(path, parseHolder(readLock(lock)));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** False when the target is there already. */
function linkOnce(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the dead lock, unless another process was quicker and the lock is its own by now: then it is put back. */
function takeAway(lock: string, expected: string | undefined, aside: string): void {
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readLock(aside) !== expected) linkOnce(aside, lock);
  rmSync(aside, { force: true });
}

function isHeld(holder: ProcessIdentity, lock: string): boolean {
  if (holder.host === identityOf(process.pid).host) return isRunning(holder);
  return Date.now() - statSync(lock).mtimeMs < FOREIGN_LOCK_DEAD_MS;
}

function readLock(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return undefined; // gone in between
  }
}

/** Undefined for a lock that no process of ours wrote. */
function parseHolder(text: string | undefined): ProcessIdentity | undefined {
  try {
    return lockSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

const inUse = (path: string, holder: ProcessIdentity | undefined): FailedPreconditionError =>
  new FailedPreconditionError(
    `the data directory '${path}' is in use by process ${holder?.pid ?? 'unknown'} on ${holder?.host ?? 'another host'}; ` +
      'stop that process or choose another directory with --data-directory',
    { reason: 'DATA_DIRECTORY_IN_USE', facts: { directory: path } },
  );

async function beat(lock: string, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(HEARTBEAT_MS, signal);
      const now = new Date();
      utimesSync(lock, now, now);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, lock }, 'the lock of the data directory cannot be touched');
    }
  }
}
