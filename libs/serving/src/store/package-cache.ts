import { open, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DataLossError,
  DomainError,
  ExhaustedError,
  SHA256_PATTERN,
  UnavailableError,
  type IdSource,
} from '@slipway/kernel';
import type { OpenPackage, PackageLibrary, PackageSource, VersionRef } from '../domain/ports.ts';

export interface PackageCacheOptions {
  /** For this cache alone. */
  readonly directory: string;
  /** All packages together; the least recently opened go first, those in use last. */
  readonly bytesMax: number;
  /** One package. */
  readonly packageBytesMax: number;
  readonly source: PackageSource;
  readonly ids: IdSource;
  /** Digests that a restart would need. */
  readonly pinned: () => ReadonlySet<string>;
}

const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 64;
const INCOMING = 'incoming-';
/** Paths of the files in order; on disk they are only numbers, so that no path of a package ever is one of this machine. */
const INDEX = 'files.json';
const ENVELOPE = 'envelope.json';

/** Packages on disk by digest. They come whole or not at all: a download gets its name only when it is complete. */
export class PackageCache implements PackageLibrary {
  readonly #options: PackageCacheOptions;

  constructor(options: PackageCacheOptions) {
    this.#options = options;
  }

  /** Makes the directory and removes what an earlier process had not finished. */
  async prepare(): Promise<void> {
    const { directory } = this.#options;
    await guarded(async () => {
      await mkdir(directory, { recursive: true });
      for (const name of await readdir(directory)) {
        if (name.startsWith(INCOMING)) await rm(join(directory, name), { recursive: true, force: true });
      }
    });
  }

  async open(version: VersionRef, signal: AbortSignal): Promise<OpenPackage> {
    const folder = this.#folder(version.digest);
    const cached = await readFolder(folder, true);
    if (cached) {
      const now = new Date();
      await guarded(() => utimes(folder, now, now));
      return cached;
    }
    await this.#fetch(version, folder, signal);
    await this.#makeRoom(version.digest);
    const fetched = await readFolder(folder, false);
    if (fetched) return fetched;
    throw new DataLossError('the registry sent a package without an envelope', { reason: 'PACKAGE_INCOMPLETE' });
  }

  async evict(digest: string): Promise<void> {
    await guarded(() => rm(this.#folder(digest), { recursive: true, force: true }));
  }

  #folder(digest: string): string {
    if (SHA256_PATTERN.test(digest)) return join(this.#options.directory, digest);
    throw new DataLossError('the alias names a package by something that is not a sha256', {
      reason: 'PACKAGE_DIGEST_INVALID',
    });
  }

  async #fetch(version: VersionRef, folder: string, signal: AbortSignal): Promise<void> {
    const { directory, ids, source, packageBytesMax } = this.#options;
    const incoming = join(directory, `${INCOMING}${ids.next()}`);
    try {
      await guarded(() => mkdir(incoming, { recursive: true }));
      const intake = new Intake(incoming, packageBytesMax);
      try {
        for await (const part of source.download(version, signal)) {
          signal.throwIfAborted();
          if (part.kind === 'envelope') await intake.envelope(part.json);
          else if (part.kind === 'file') await intake.startFile(part.path);
          else await intake.chunk(part.bytes);
        }
      } finally {
        await intake.endFile();
      }
      await intake.finish();
      await guarded(async () => {
        await rm(folder, { recursive: true, force: true });
        await rename(incoming, folder);
      });
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  async #makeRoom(justStored: string): Promise<void> {
    const { directory, bytesMax, pinned } = this.#options;
    const inUse = pinned();
    const kept = await guarded(async () =>
      Promise.all(
        (await readdir(directory)).filter((name) => SHA256_PATTERN.test(name)).map((name) => measure(directory, name)),
      ),
    );
    let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
    const rank = (digest: string): number => (inUse.has(digest) ? 1 : 0);
    kept.sort((left, right) => rank(left.digest) - rank(right.digest) || left.openedAtMs - right.openedAtMs);
    for (const each of kept) {
      if (bytes <= bytesMax) return;
      if (each.digest === justStored) continue;
      await this.evict(each.digest);
      bytes -= each.bytes;
    }
  }
}

/** One download on its way to disk: never more of it in memory than one chunk. */
class Intake {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #paths: string[] = [];
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  async envelope(json: string): Promise<void> {
    if (json.length > ENVELOPE_BYTES_MAX) throw tooLarge('the envelope', ENVELOPE_BYTES_MAX);
    await guarded(() => writeFile(join(this.#folder, ENVELOPE), json, 'utf8'));
  }

  async startFile(path: string): Promise<void> {
    await this.endFile();
    if (this.#paths.length >= FILES_MAX) {
      throw new ExhaustedError(`a package has at most ${FILES_MAX} files`, { reason: 'PACKAGE_TOO_LARGE' });
    }
    const name = join(this.#folder, `${this.#paths.length}`);
    this.#file = await guarded(() => open(name, 'wx'));
    this.#paths.push(path);
  }

  async chunk(bytes: Uint8Array): Promise<void> {
    const file = this.#file;
    if (!file) throw new DataLossError('the registry sent bytes of no file', { reason: 'PACKAGE_INCOMPLETE' });
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) throw tooLarge('the package', this.#bytesMax);
    await guarded(() => file.writeFile(bytes)); // a handle's writeFile goes on where the last one ended
  }

  async endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file) await guarded(() => file.close());
  }

  async finish(): Promise<void> {
    await guarded(() => writeFile(join(this.#folder, INDEX), JSON.stringify(this.#paths), 'utf8'));
  }
}

const tooLarge = (what: string, bytesMax: number): ExhaustedError =>
  new ExhaustedError(`${what} is larger than ${bytesMax} bytes`, {
    reason: 'PACKAGE_TOO_LARGE',
    facts: { bytesMax: `${bytesMax}` },
  });

/** Undefined when there is no whole package in the folder. */
async function readFolder(folder: string, fromCache: boolean): Promise<OpenPackage | undefined> {
  const [envelope, index] = await Promise.all([readSmall(join(folder, ENVELOPE)), readSmall(join(folder, INDEX))]);
  const paths = index && readPaths(index);
  if (!envelope || !paths) return undefined;
  return {
    envelope,
    fromCache,
    readFile: async (path, bytes, signal) => {
      const position = paths.indexOf(path);
      const content = position < 0 ? undefined : await readExactly(join(folder, `${position}`), bytes, signal);
      if (content) return content;
      throw new DataLossError(`'${path}' is missing from the package or has another size`, {
        reason: 'FILE_DIGEST_MISMATCH',
        facts: { path },
      });
    },
  };
}

function readPaths(index: Uint8Array): readonly string[] | undefined {
  try {
    const paths: unknown = JSON.parse(Buffer.from(index).toString('utf8'));
    return Array.isArray(paths) && paths.every((path) => typeof path === 'string') ? paths : undefined;
  } catch {
    return undefined; // damaged: fetched anew
  }
}

async function readSmall(file: string): Promise<Uint8Array | undefined> {
  return readUpTo(file, (size) => size <= ENVELOPE_BYTES_MAX * 2);
}

async function readExactly(file: string, bytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return readUpTo(file, (size) => size === bytes, signal);
}

async function readUpTo(
  file: string,
  accepts: (size: number) => boolean,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  return guarded(async () => {
    try {
      const { size } = await stat(file);
      return accepts(size) ? await readFile(file, signal ? { signal } : {}) : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  });
}

async function measure(directory: string, digest: string) {
  const folder = join(directory, digest);
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return { digest, openedAtMs: (await stat(folder)).mtimeMs, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The one place that turns errors of the file system into ours; their texts hold paths, so they stay in the cause. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError || (error as Error).name === 'AbortError') throw error;
    throw new UnavailableError('the package cache cannot be read or written', {
      reason: 'PACKAGE_CACHE_FAILED',
      facts: { code: (error as NodeJS.ErrnoException).code ?? 'unknown' },
      cause: error,
    });
  }
}
