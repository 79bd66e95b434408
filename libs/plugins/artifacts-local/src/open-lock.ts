import Database from 'better-sqlite3';
import { UnavailableError, type Clock } from '@slipway/kernel';
import { errorCode } from './file-system-error.ts';

const RETRY_MS = 20;
const WAIT_MS_MAX = 60_000; // a clean-up of another process that takes longer is stuck

/** Held while a store is open; ends with the process, also when it is killed. */
export interface OpenLock {
  release(): void;
}

/**
 * Says that this store is in use, and runs `whenAlone` first if no other one over the same storage is, in any process.
 *
 * Node has no file locks of its own, SQLite has: an open store is a read transaction, cleaning up is an exclusive one. The kernel drops both when a
 * process dies, so a killed one neither blocks the next nor counts as present, and no clock or process id has to be trusted.
 */
export async function takeOpenLock(
  file: string,
  whenAlone: () => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenLock> {
  const alone = begin(file, 'exclusive');
  if (alone) {
    try {
      await whenAlone();
    } finally {
      alone.close();
    }
  }
  for (const started = clock.monotonicMs(); clock.monotonicMs() - started < WAIT_MS_MAX;) {
    const shared = begin(file, 'shared');
    if (shared) return { release: () => void shared.close() };
    await clock.sleep(RETRY_MS, signal);
  }
  throw new UnavailableError('another process is cleaning up the artifact directory and does not end', {
    reason: 'ARTIFACT_STORAGE_BUSY',
  });
}

/** undefined when somebody else's lock is in the way. */
function begin(file: string, kind: 'exclusive' | 'shared'): Database.Database | undefined {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec(kind === 'exclusive' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT count(*) FROM sqlite_schema');
    return database;
  } catch (error) {
    database.close();
    if (errorCode(error) === 'SQLITE_BUSY') return undefined;
    throw error;
  }
}
