import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SHA256_PATTERN } from '@slipway/kernel';
import type { LocalFile } from '../domain/files.ts';
import type { StoredFile } from '../domain/ingestion.ts';

interface Entry {
  bytes: number;
  /** Who works with it; it stays meanwhile. */
  holders: number;
  /** Its content was checked by this process. */
  isVerified: boolean;
  /** Settles when the file is there; whoever comes meanwhile waits for the same one. */
  ready: Promise<void>;
}

export interface HeldFile {
  readonly path: string;
  /** Safe to call twice. */
  readonly release: () => void;
}

/**
 * Copies of stored files by their sha256, those least recently used removed first when they exceed the bound. Files in use stay, so the bound
 * can be exceeded while one job needs more. What an earlier process left is checked before it is used again.
 */
export class FileCache {
  readonly #directory: string;
  readonly #bytesMax: number;
  /** In the order of use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #removals = new Map<string, Promise<void>>();
  #bytes = 0;

  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    for (const name of await readdir(this.#directory)) {
      if (SHA256_PATTERN.test(name)) {
        const { size } = await stat(this.#pathOf(name));
        this.#add(name, { bytes: size, holders: 0, isVerified: false, ready: Promise.resolve() });
      } else await rm(this.#pathOf(name), { recursive: true, force: true });
    }
    await this.#shrink();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param fetch makes the file at the path, whole and right, or fails and leaves nothing. @throws what `fetch` throws. */
  async hold(file: StoredFile, fetch: (path: string) => Promise<void>): Promise<HeldFile> {
    const { sha256 } = file;
    const path = this.#pathOf(sha256);
    const known = this.#entries.get(sha256);
    const entry =
      known ?? this.#add(sha256, { bytes: file.bytes, holders: 0, isVerified: true, ready: this.#make(sha256, fetch) });
    entry.holders += 1;
    if (!entry.isVerified) {
      entry.isVerified = true;
      entry.ready = this.#verify(path, file, fetch);
    }
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry); // now the newest
    try {
      await entry.ready;
    } catch (error) {
      entry.holders -= 1;
      this.#forget(sha256, entry);
      throw error;
    }
    await this.#shrink();
    let isHeld = true;
    const release = (): void => {
      if (isHeld) entry.holders -= 1;
      isHeld = false;
    };
    return { path, release };
  }

  /** Takes a file over; its content is known to be right. */
  async adopt({ path, sha256, bytes }: LocalFile): Promise<void> {
    if (this.#entries.has(sha256)) return rm(path, { force: true });
    await this.#removals.get(sha256);
    await rename(path, this.#pathOf(sha256));
    this.#add(sha256, { bytes, holders: 0, isVerified: true, ready: Promise.resolve() });
    await this.#shrink();
  }

  /** Not before the removal of the same file has ended. */
  async #make(sha256: string, fetch: (path: string) => Promise<void>): Promise<void> {
    await this.#removals.get(sha256);
    await fetch(this.#pathOf(sha256));
  }

  async #remove(sha256: string): Promise<void> {
    const removal = rm(this.#pathOf(sha256), { force: true });
    this.#removals.set(sha256, removal);
    try {
      await removal;
    } finally {
      this.#removals.delete(sha256);
    }
  }

  async #verify(path: string, file: StoredFile, fetch: (path: string) => Promise<void>): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
    if (hash.digest('hex') === file.sha256) return;
    await rm(path, { force: true });
    await fetch(path);
  }

  #add(sha256: string, entry: Entry): Entry {
    this.#forget(sha256, this.#entries.get(sha256));
    this.#entries.set(sha256, entry);
    this.#bytes += entry.bytes;
    return entry;
  }

  #forget(sha256: string, entry: Entry | undefined): void {
    if (!entry || this.#entries.get(sha256) !== entry) return;
    this.#entries.delete(sha256);
    this.#bytes -= entry.bytes;
  }

  async #shrink(): Promise<void> {
    for (const [sha256, entry] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      if (entry.holders > 0) continue;
      this.#forget(sha256, entry);
      await this.#remove(sha256);
    }
  }

  #pathOf(sha256: string): string {
    return join(this.#directory, sha256);
  }
}
