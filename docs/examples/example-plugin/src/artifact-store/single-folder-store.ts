import { createHash } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AlreadyExistsError,
  ArtifactIntake,
  assertByteRange,
  NotFoundError,
  rangeBeyondEnd,
  readPageStart,
  StartedCalls,
  toPageToken,
  type ArtifactInfo,
  type ArtifactPage,
  type ArtifactPath,
  type ArtifactStore,
  type ByteRange,
  type DriverDependencies,
  type WriteOptions,
} from '@slipway/plugin-kit';
import { damaged, encodeTrailer, readTrailer, streamContent, type Span } from './artifact-file.ts';
import { codeOf, fromFileSystem } from './file-errors.ts';

/** A writer touches its file with every chunk; one that has not for so long is dead. */
const ABANDONED_AFTER_MS = 3_600_000;
const FILES_AT_ONCE = 16;
const ENTRY = /^[0-9a-f]{64}$/;

/** `<folder>/<sha256 of the path>` for what is there, `<folder>/incoming/<id>` for what is being written. */
export class SingleFolderStore implements ArtifactStore {
  readonly capabilities = { presign: false };
  readonly #folder: string;
  readonly #incoming: string;
  readonly #fsync: boolean;
  readonly #dependencies: DriverDependencies;
  readonly #calls = new StartedCalls('artifact store');

  constructor(folder: string, fsync: boolean, dependencies: DriverDependencies) {
    this.#folder = folder;
    this.#incoming = join(folder, 'incoming');
    this.#fsync = fsync;
    this.#dependencies = dependencies;
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await mkdir(this.#incoming, { recursive: true });
    const nowMs = Number(this.#dependencies.clock.now() / 1000n);
    for (const name of await readdir(this.#incoming)) {
      const file = join(this.#incoming, name);
      const found = await stat(file).catch(() => undefined); // another process may be faster
      if (found && nowMs - found.mtimeMs > ABANDONED_AFTER_MS) await rm(file, { force: true });
    }
    this.#calls.open();
  }

  write(
    path: ArtifactPath,
    content: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ArtifactInfo> {
    return this.#calls.run(async () => {
      const intake = new ArtifactIntake(path, content, options, signal);
      const working = join(this.#incoming, this.#dependencies.ids.next());
      try {
        signal.throwIfAborted();
        if (options.ifAbsent && (await this.#find(path))) throw alreadyExists(path); // saves taking it in for nothing
        const info = await this.#takeIn(path, intake, working);
        signal.throwIfAborted();
        await this.#show(path, working, options.ifAbsent === true);
        return info;
      } catch (error) {
        await rm(working, { force: true }).catch(() => undefined); // then the next `open` does, later
        throw intake.causedBy(error) ? error : fromFileSystem(error, `write '${path}'`);
      }
    });
  }

  async #takeIn(path: ArtifactPath, intake: ArtifactIntake, working: string): Promise<ArtifactInfo> {
    const handle = await open(working, 'wx', 0o640);
    try {
      for await (const chunk of intake.chunks()) await handle.appendFile(chunk);
      const info = { path, ...intake.finish(), modifiedAt: this.#dependencies.clock.now() };
      await handle.appendFile(encodeTrailer(info));
      if (this.#fsync) await handle.sync();
      return info;
    } finally {
      await handle.close();
    }
  }

  /** `rename` replaces at once; `link` never replaces, also among writers of other processes. */
  async #show(path: ArtifactPath, working: string, ifAbsent: boolean): Promise<void> {
    const target = this.#fileOf(path);
    if (!ifAbsent) await rename(working, target);
    else {
      await link(working, target).catch((error: unknown) => {
        throw codeOf(error) === 'EEXIST' ? alreadyExists(path, error) : error;
      });
      await rm(working, { force: true });
    }
    await this.#syncFolder();
  }

  read(path: ArtifactPath, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#call(`read '${path}'`, signal, async () => {
      if (range) assertByteRange(range);
      const handle = await this.#openFile(path);
      if (!handle) throw new NotFoundError(`there is no '${path}'`, { reason: 'ARTIFACT_NOT_FOUND', facts: { path } });
      try {
        const info = await readTrailer(handle, path);
        return streamContent(handle, path, spanOf(info, range), checkOf(info, range), signal);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  stat(path: ArtifactPath, signal: AbortSignal): Promise<ArtifactInfo | undefined> {
    return this.#call(`stat '${path}'`, signal, () => this.#find(path));
  }

  list(
    prefix: ArtifactPath,
    page: { pageSize: number; pageToken?: string },
    signal: AbortSignal,
  ): Promise<ArtifactPage> {
    return this.#call(`list '${prefix}'`, signal, async () => {
      const after = readPageStart(prefix, page) ?? '';
      const names = (await readdir(this.#folder)).filter((name) => ENTRY.test(name));
      const found: ArtifactInfo[] = [];
      for (let first = 0; first < names.length; first += FILES_AT_ONCE) {
        signal.throwIfAborted();
        const some = names.slice(first, first + FILES_AT_ONCE);
        const infos = await Promise.all(some.map((name) => this.#readInfo(join(this.#folder, name), name)));
        found.push(...infos.filter((info) => info !== undefined)); // undefined: deleted meanwhile
      }
      const below = found.filter(({ path }) => path.startsWith(`${prefix}/`) && path > after);
      below.sort((left, right) => (left.path < right.path ? -1 : 1)); // paths are ASCII: this is the order of bytes
      const items = below.slice(0, page.pageSize);
      const last = items.at(-1);
      return last && below.length > items.length ? { items, nextPageToken: toPageToken(last.path) } : { items };
    });
  }

  delete(path: ArtifactPath, signal: AbortSignal): Promise<void> {
    return this.#call(`delete '${path}'`, signal, async () => {
      await rm(this.#fileOf(path), { force: true });
      await this.#syncFolder();
    });
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  #fileOf(path: ArtifactPath): string {
    return join(this.#folder, createHash('sha256').update(path).digest('hex'));
  }

  async #openFile(path: ArtifactPath): Promise<FileHandle | undefined> {
    return openIfThere(this.#fileOf(path));
  }

  #find(path: ArtifactPath): Promise<ArtifactInfo | undefined> {
    return this.#readInfo(this.#fileOf(path), path);
  }

  async #readInfo(file: string, name: string): Promise<ArtifactInfo | undefined> {
    const handle = await openIfThere(file);
    if (!handle) return undefined;
    try {
      return await readTrailer(handle, name);
    } finally {
      await handle.close();
    }
  }

  async #syncFolder(): Promise<void> {
    if (!this.#fsync) return;
    const handle = await open(this.#folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  #call<T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      try {
        signal.throwIfAborted();
        return await work();
      } catch (error) {
        throw fromFileSystem(error, what);
      }
    });
  }
}

const alreadyExists = (path: ArtifactPath, cause?: unknown): AlreadyExistsError =>
  new AlreadyExistsError(`'${path}' exists already`, { reason: 'ARTIFACT_EXISTS', facts: { path }, cause });

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function spanOf({ path, bytes }: ArtifactInfo, range: ByteRange | undefined): Span {
  if (!range) return { start: 0, end: Number(bytes) };
  if (BigInt(range.offset) >= bytes) throw rangeBeyondEnd(path, range, bytes);
  const end = range.length === undefined ? Number(bytes) : Math.min(Number(bytes), range.offset + range.length);
  return { start: range.offset, end };
}

/** Whole contents are compared with their digest; of a range nothing can be said. */
function checkOf(
  { path, sha256 }: ArtifactInfo,
  range: ByteRange | undefined,
): (chunk: Uint8Array | undefined) => void {
  if (range) return () => undefined;
  const hash = createHash('sha256');
  return (chunk) => {
    if (chunk) hash.update(chunk);
    else if (hash.digest('hex') !== sha256) throw damaged(path);
  };
}
