import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';

const ZEROS = Buffer.alloc(1024 * 1024);
/** Growing in steps that follow the size keeps the number of steps small; the most is a bound on what is reserved in vain. */
const STEP_SHARE = 8;
const STEP_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Makes room in the file before LMDB writes to it: a write that fails in the middle of a commit makes the bundled LMDB overrun a buffer and may end
 * the process. Here it fails first, as an ordinary error. (On a file system that never overwrites in place, room in the file is no promise.)
 */
export class FileSpace {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r+');
  }

  /**
   * The file has at least so many bytes on the disk. Only while nobody else can extend it: with the lock of a write transaction.
   * @throws errors of the file system.
   */
  ensure(bytes: number): void {
    let size = fstatSync(this.#file).size;
    if (size >= bytes) return;
    const end = Math.max(bytes, size + Math.min(STEP_BYTES_MAX, Math.floor(size / STEP_SHARE)));
    try {
      while (size < end) size += writeSync(this.#file, ZEROS, 0, Math.min(ZEROS.length, end - size), size);
    } catch (error) {
      if (size < bytes) throw error; // else it is what is needed, only not the step
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Whether there is room for an empty database, which LMDB does not find out without harm. @throws errors of the file system. */
export function assertRoomToOpen(probePath: string): void {
  const file = openSync(probePath, 'w');
  try {
    let written = 0;
    while (written < ZEROS.length) written += writeSync(file, ZEROS, written);
  } finally {
    closeSync(file);
    rmSync(probePath, { force: true });
  }
}
