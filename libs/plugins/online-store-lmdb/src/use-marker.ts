import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DataLossError } from '@slipway/plugin-kit';

const PREFIX = 'in-use-';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Knows whether a file that was written without fsync can be trusted. Every process that writes so leaves a note with the machine's boot id while
 * it has the file open. After kill -9 the operating system still has every page; a note of an earlier boot means that pages may be missing in
 * the middle of the file, which LMDB would not notice. Where the system tells no boot id, nothing is noticed here either.
 */
export class UseMarker {
  readonly #directory: string;
  readonly #dataPath: string;
  readonly #own: string;
  readonly #boot = existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8').trim() : 'unknown';

  /** @param id unique among those who open the directory. */
  constructor(directory: string, dataPath: string, id: string) {
    this.#directory = directory;
    this.#dataPath = dataPath;
    this.#own = join(directory, `${PREFIX}${id}`);
  }

  /** Before the file is opened. @throws {DataLossError} when the machine stopped while somebody wrote without fsync. */
  assertTrusted(): void {
    if (!existsSync(this.#dataPath)) return;
    for (const note of this.#notes()) {
      if (note.boot === this.#boot) continue;
      const text = `the machine stopped while the online store was open with durability = process; its file may be damaged: remove ${this.#directory} and load the views again, or set durability = power`;
      throw new DataLossError(text, { reason: 'ONLINE_STORE_NOT_TRUSTED' });
    }
  }

  /** From here on writes need no fsync; takes over the notes of processes that have ended. */
  start(): void {
    const file = openSync(this.#own, 'wx');
    try {
      writeSync(file, `${this.#boot} ${process.pid}`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#syncDirectory();
    for (const note of this.#notes()) if (!isRunning(note.pid)) rmSync(note.path, { force: true });
  }

  /** Everything written is on the disk, whoever wrote it; gives up the own note and those of processes that have ended. */
  finish(): void {
    const file = openSync(this.#dataPath, 'r+');
    try {
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    for (const note of this.#notes()) {
      if (note.path === this.#own || !isRunning(note.pid)) rmSync(note.path, { force: true });
    }
    this.#syncDirectory();
  }

  #notes(): { path: string; boot: string; pid: number }[] {
    const names = readdirSync(this.#directory).filter((name) => name.startsWith(PREFIX));
    return names.flatMap((name) => {
      const path = join(this.#directory, name);
      const text = readIfPresent(path);
      if (text === undefined) return []; // its process has just closed
      const [boot = '', pid = ''] = text.split(' ');
      return [{ path, boot: boot === '' ? this.#boot : boot, pid: Number(pid) }]; // empty: killed before it wrote anything
    });
  }

  #syncDirectory(): void {
    const directory = openSync(this.#directory, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of another user counts as running. */
function isRunning(pid: number): boolean {
  if (pid === 0) return false; // of a note without content
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
