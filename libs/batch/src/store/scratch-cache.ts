import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFull } from '../domain/errors.ts';
import type { HeldFile } from '../domain/ports.ts';

interface Entry {
  readonly bytes: number;
  /** Who works with it; it stays meanwhile. */
  holders: number;
  /** Settles when it is there; whoever comes meanwhile waits for the same one. */
  readonly ready: Promise<void>;
}

/** Copies on this machine by digest, the least recently used removed first. Unlike a cache that may grow, it refuses what does not fit. */
export class ScratchCache {
  readonly #directory: string;
  readonly #bytesMax: number;
  /** In the order of use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  /** @param make makes what is at the path, whole and right, or fails and leaves nothing. @throws {ExhaustedError} SCRATCH_FULL. */
  async hold(digest: string, bytes: number, make: (path: string) => Promise<void>): Promise<HeldFile> {
    const path = join(this.#directory, digest);
    const entry = this.#entries.get(digest) ?? this.#add(digest, bytes, make, path);
    entry.holders += 1;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry); // now the newest
    try {
      await entry.ready;
    } catch (error) {
      this.#forget(digest, entry);
      throw error;
    }
    let isHeld = true;
    const release = (): void => {
      if (isHeld) entry.holders -= 1;
      isHeld = false;
    };
    return { path, release };
  }

  #add(digest: string, bytes: number, make: (path: string) => Promise<void>, path: string): Entry {
    const removed = this.#makeRoom(bytes);
    this.#bytes += bytes;
    const entry = { bytes, holders: 0, ready: removed.then(() => make(path)) };
    this.#entries.set(digest, entry);
    return entry;
  }

  #makeRoom(bytes: number): Promise<unknown> {
    const removals: Promise<void>[] = [];
    for (const [digest, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.#bytesMax) break;
      if (entry.holders > 0) continue;
      this.#forget(digest, entry);
      removals.push(rm(join(this.#directory, digest), { recursive: true, force: true }));
    }
    if (this.#bytes + bytes > this.#bytesMax) throw scratchFull(this.#bytes + bytes, this.#bytesMax);
    return Promise.all(removals);
  }

  #forget(digest: string, entry: Entry): void {
    if (this.#entries.get(digest) !== entry) return;
    this.#entries.delete(digest);
    this.#bytes -= entry.bytes;
  }
}
