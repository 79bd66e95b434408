import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertByteRange,
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
import { cleanUp } from './clean-up.ts';
import { ensureDirectory, isPlainDirectory } from './directories.ts';
import { fromFileSystem } from './file-system-error.ts';
import { Layout } from './layout.ts';
import { walkPaths } from './list-paths.ts';
import type { LocalArtifactsConfig } from './local-config.ts';
import { takeOpenLock, type OpenLock } from './open-lock.ts';
import { PathQueue } from './path-queue.ts';
import type { Pointer } from './pointer.ts';
import { unpublish } from './publish.ts';
import { findPointer, openContent, resolveRange, streamContent } from './read-artifact.ts';
import { writeArtifact } from './write-artifact.ts';

const STATS_AT_ONCE = 16;

/** Artifacts as files on one file system (see `layout.ts`). Any number of processes of one machine may share the directory. */
export class LocalArtifactStore implements ArtifactStore {
  readonly capabilities = { presign: false };
  readonly #config: LocalArtifactsConfig;
  readonly #dependencies: DriverDependencies;
  readonly #calls = new StartedCalls('artifact store');
  readonly #queue = new PathQueue();
  #layout: Layout;
  #lock: OpenLock | undefined;

  constructor(config: LocalArtifactsConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#layout = new Layout(config.directory ?? dependencies.dataDirectory);
  }

  async open(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#dependencies;
    try {
      await mkdir(this.#layout.root, { recursive: true });
      const layout = new Layout(await realpath(this.#layout.root));
      for (const names of [['paths'], ['blobs', 'sha256'], ['incoming']]) {
        await ensureDirectory(layout.root, names, this.#config.fsync);
      }
      const clean = async (): Promise<void> => {
        const leftOver = await cleanUp(layout);
        if (leftOver > 0) log.info({ files: leftOver }, 'removed what interrupted writes left behind');
      };
      const lock = await takeOpenLock(layout.lock, clean, clock, signal);
      this.#layout = layout;
      this.#calls.open();
      this.#lock = lock;
    } catch (error) {
      throw fromFileSystem(error, 'open the artifact store');
    }
  }

  write(
    path: ArtifactPath,
    content: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ArtifactInfo> {
    const { clock, ids } = this.#dependencies;
    const context = { layout: this.#layout, clock, fsync: this.#config.fsync, queue: this.#queue, id: ids.next() };
    return this.#calls.run(() => writeArtifact(context, path, content, options, signal));
  }

  read(path: ArtifactPath, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#call(`read '${path}'`, signal, async () => {
      if (range) assertByteRange(range);
      const { handle, pointer } = await openContent(this.#layout, path);
      try {
        return streamContent(handle, path, resolveRange(path, range, pointer.bytes), signal);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  stat(path: ArtifactPath, signal: AbortSignal): Promise<ArtifactInfo | undefined> {
    return this.#call(`stat '${path}'`, signal, async () => {
      const pointer = await findPointer(this.#layout, path);
      return pointer && toInfo(pointer);
    });
  }

  list(
    prefix: ArtifactPath,
    page: { pageSize: number; pageToken?: string },
    signal: AbortSignal,
  ): Promise<ArtifactPage> {
    return this.#call(`list '${prefix}'`, signal, async () => {
      const after = readPageStart(prefix, page);
      const directory = join(this.#layout.paths, prefix);
      if (!(await isPlainDirectory(directory))) return { items: [] };
      const paths: ArtifactPath[] = [];
      for await (const path of walkPaths(directory, prefix, after)) {
        signal.throwIfAborted();
        if (paths.push(path) > page.pageSize) break;
      }
      const more = paths.length > page.pageSize;
      const items = await this.#infos(paths.slice(0, page.pageSize));
      const last = paths[page.pageSize - 1];
      return more && last !== undefined ? { items, nextPageToken: toPageToken(last) } : { items };
    });
  }

  delete(path: ArtifactPath, signal: AbortSignal): Promise<void> {
    return this.#call(`delete '${path}'`, signal, async () => {
      if (!(await isPlainDirectory(this.#layout.parent(path)))) return;
      const id = this.#dependencies.ids.next();
      await this.#queue.run(path, () => unpublish(this.#layout, path, id, this.#config.fsync));
    });
  }

  async close(): Promise<void> {
    await this.#calls.close();
    this.#lock?.release();
    this.#lock = undefined;
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

  async #infos(paths: readonly ArtifactPath[]): Promise<readonly ArtifactInfo[]> {
    const infos: ArtifactInfo[] = [];
    for (let first = 0; first < paths.length; first += STATS_AT_ONCE) {
      const some = paths.slice(first, first + STATS_AT_ONCE);
      const pointers = await Promise.all(some.map((path) => findPointer(this.#layout, path)));
      infos.push(...pointers.filter((pointer) => pointer !== undefined).map(toInfo)); // undefined: deleted since it was listed
    }
    return infos;
  }
}

const toInfo = ({ path, bytes, sha256, modifiedAt }: Pointer): ArtifactInfo => ({ path, bytes, sha256, modifiedAt });
