import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ENVELOPE_FILE, packageFileName } from '@slipway/batch-worker';
import {
  AlreadyExistsError,
  DataLossError,
  ExhaustedError,
  NotFoundError,
  type DomainError,
  type IdSource,
} from '@slipway/kernel';
import { artifactPath, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { inputReplaced, outputLost, scratchFailed } from '../domain/errors.ts';
import type { StoredFile } from '../domain/partition.ts';
import type { HeldFile, JobFiles, ManifestPlace, PackagePart } from '../domain/ports.ts';
import { ScratchCache } from './scratch-cache.ts';

export interface LocalJobFilesOptions {
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  /** Of this process alone; what lies in it from an earlier one is removed. */
  readonly directory: string;
  readonly scratchBytesMax: number;
  readonly ids: IdSource;
}

const URI = 'artifact:';
const PACKAGE_BYTES_MAX = 2 * 1024 ** 3;
const MANIFEST_BYTES_MAX = 64 * 1024 ** 2;
const SWEEP_PAGE = 1_000;

const pathOf = (uri: string): ArtifactPath => artifactPath(uri.startsWith(URI) ? uri.slice(URI.length) : uri);

/** Files of scoring jobs in an artifact store, with copies on this machine for the workers. */
export class LocalJobFiles implements JobFiles {
  readonly #artifacts: ArtifactStore;
  readonly #directory: string;
  readonly #inputs: ScratchCache;
  readonly #packages: ScratchCache;
  readonly #ids: IdSource;

  constructor({ artifacts, directory, scratchBytesMax, ids }: LocalJobFilesOptions) {
    this.#artifacts = artifacts;
    this.#directory = directory;
    this.#ids = ids;
    this.#inputs = new ScratchCache(join(directory, 'inputs'), scratchBytesMax);
    this.#packages = new ScratchCache(join(directory, 'packages'), scratchBytesMax);
  }

  /** Empties the scratch directory; to be called once, first. */
  async prepare(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    for (const name of ['inputs', 'packages', 'attempts', 'incoming']) {
      await mkdir(join(this.#directory, name), { recursive: true });
    }
  }

  holdInput(workspace: string, file: StoredFile, signal: AbortSignal): Promise<HeldFile> {
    const path = pathOf(file.uri);
    if (!path.startsWith(`${workspace}/`)) throw inputReplaced(file.uri, 'belongs to another workspace');
    return this.#inputs.hold(file.sha256, file.bytes, (to) =>
      this.#incoming(to, async (handle) => {
        for await (const chunk of this.#checked(file, signal, inputReplaced)) await handle.write(chunk);
      }),
    );
  }

  /** The bytes of a package are known when it is there; meanwhile it counts as one byte. */
  holdPackage(digest: string, parts: () => AsyncIterable<PackagePart>, signal: AbortSignal): Promise<HeldFile> {
    return this.#packages.hold(digest, 1, async (to) => {
      const incoming = join(this.#directory, 'incoming', this.#ids.next());
      try {
        await guarded(() => mkdir(incoming));
        await writePackage(incoming, parts(), signal);
        await guarded(() => rename(incoming, to));
      } finally {
        await rm(incoming, { recursive: true, force: true });
      }
    });
  }

  async newFolder(attempt: string): Promise<string> {
    const folder = join(this.#directory, 'attempts', `${attempt}-${this.#ids.next()}`);
    await guarded(() => mkdir(folder));
    return folder;
  }

  async discard(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }

  async store(
    workspace: string,
    job: string,
    name: string,
    { path, bytes, sha256 }: { readonly path: string; readonly bytes: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<string> {
    const target = artifactPath(workspace, 'batch', 'jobs', job, name);
    const content = createReadStream(path, { highWaterMark: 1024 * 1024 });
    await this.#artifacts.write(target, content, { sha256, bytesMax: bytes }, signal);
    return `${URI}${target}`;
  }

  read(file: Pick<StoredFile, 'uri' | 'bytes' | 'sha256'>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#checked(file, signal, outputLost);
  }

  remove(uri: string, signal: AbortSignal): Promise<void> {
    return this.#artifacts.delete(pathOf(uri), signal);
  }

  async publish(place: ManifestPlace, content: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const path = manifestPath(place);
    try {
      await this.#artifacts.write(path, once(content), { ifAbsent: true }, signal);
      return content;
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of await this.#artifacts.read(path, undefined, signal)) {
      bytes += chunk.length;
      if (bytes > MANIFEST_BYTES_MAX) throw outputLost(`${URI}${path}`, 'is no manifest');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async sweep(workspace: string, job: string, keep: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
    const prefix = artifactPath(workspace, 'batch', 'jobs', job);
    let removed = 0;
    let pageToken: string | undefined;
    do {
      const page = await this.#artifacts.list(prefix, { pageSize: SWEEP_PAGE, ...(pageToken === undefined ? {} : { pageToken }) }, signal); // prettier-ignore
      for (const { path } of page.items) {
        if (keep.has(`${URI}${path}`)) continue;
        await this.#artifacts.delete(path, signal);
        removed += 1;
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return removed;
  }

  manifestUri(place: ManifestPlace): string {
    return `${URI}${manifestPath(place)}`;
  }

  /** Writes under another name first. */
  async #incoming(to: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
    const incoming = join(this.#directory, 'incoming', this.#ids.next());
    try {
      const handle = await guarded(() => open(incoming, 'wx'));
      try {
        await guarded(() => write(handle));
      } finally {
        await handle.close();
      }
      await guarded(() => rename(incoming, to));
    } finally {
      await rm(incoming, { force: true });
    }
  }

  async *#checked(
    { uri, bytes, sha256 }: Pick<StoredFile, 'uri' | 'bytes' | 'sha256'>,
    signal: AbortSignal,
    lost: (uri: string, why: string, cause?: unknown) => DomainError,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    let received = 0;
    let held: Uint8Array | undefined; // handed out once what follows it is known to be right
    try {
      for await (const chunk of await this.#artifacts.read(pathOf(uri), undefined, signal)) {
        hash.update(chunk);
        received += chunk.length;
        if (received > bytes) throw lost(uri, 'is longer than what was written');
        if (held) yield held;
        held = chunk;
      }
    } catch (error) {
      if (error instanceof NotFoundError) throw lost(uri, 'is gone', error);
      throw error instanceof DataLossError ? lost(uri, 'is broken', error) : error;
    }
    if (hash.digest('hex') !== sha256) throw lost(uri, 'has another content than what was written');
    if (held) yield held;
  }
}

const manifestPath = ({ workspace, consumer, source, fromExclusive }: ManifestPlace): ArtifactPath =>
  artifactPath(workspace, 'batch', 'manifests', consumer, source, `${fromExclusive}.json`);

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield content;
}

/** Never more of a package in memory than one chunk. */
async function writePackage(folder: string, parts: AsyncIterable<PackagePart>, signal: AbortSignal): Promise<void> {
  let file: FileHandle | undefined;
  let bytes = 0;
  try {
    for await (const part of parts) {
      signal.throwIfAborted();
      if (part.kind === 'chunk') {
        bytes += part.bytes.length;
        if (bytes > PACKAGE_BYTES_MAX) throw new ExhaustedError('the model package is too large', { reason: 'PACKAGE_TOO_LARGE' });
        const to = file;
        await guarded(async () => void (await to?.write(part.bytes)));
        continue;
      }
      await file?.close();
      file = undefined;
      const name = part.kind === 'envelope' ? ENVELOPE_FILE : packageFileName(part.path);
      file = await guarded(() => open(join(folder, name), 'wx'));
      if (part.kind === 'envelope') await file.writeFile(part.json, 'utf8');
    }
  } finally {
    await file?.close();
  }
} // prettier-ignore

/** The one place that turns errors of the file system into ours. */
async function guarded<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? scratchFailed(error) : error;
  }
}
