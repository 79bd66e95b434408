import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DataLossError,
  DomainError,
  ExhaustedError,
  InvalidArgumentError,
  NotFoundError,
  type IdSource,
} from '@slipway/kernel';
import { artifactPath, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { predictionFileChanged, predictionFileMissing, storedFileLost, uploadTooLarge } from '../domain/errors.ts';
import type { FeatureFiles, LocalFile } from '../domain/files.ts';
import type { StoredFile } from '../domain/ingestion.ts';
import { FileCache, type HeldFile } from './file-cache.ts';

export interface LocalFeatureFilesOptions {
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  /** Of this process alone; what lies in its `scratch` from an earlier one is removed. */
  readonly directory: string;
  readonly cacheBytesMax: number;
  readonly ids: IdSource;
}

const FETCH_ATTEMPTS_MAX = 3;

/** Where a file is kept. */
const blobPath = (workspace: string, sha256: string): ArtifactPath =>
  artifactPath(workspace, 'features', 'blobs', 'sha256', sha256.slice(0, 2), sha256);

/** Files of the feature store: in an artifact store, with copies on this machine for the engine. */
export class LocalFeatureFiles implements FeatureFiles {
  readonly #artifacts: ArtifactStore;
  readonly #scratch: string;
  readonly #cache: FileCache;
  readonly #ids: IdSource;

  constructor({ artifacts, directory, cacheBytesMax, ids }: LocalFeatureFilesOptions) {
    this.#artifacts = artifacts;
    this.#ids = ids;
    this.#scratch = join(directory, 'scratch');
    this.#cache = new FileCache(join(directory, 'files'), cacheBytesMax);
  }

  /** Empties the scratch directory and takes stock of the copies; to be called once, first. */
  async prepare(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
    await mkdir(this.#scratch, { recursive: true });
    await this.#cache.prepare();
  }

  async receive(content: AsyncIterable<Uint8Array>, bytesMax: number, signal: AbortSignal): Promise<LocalFile> {
    const path = this.newPath('upload');
    try {
      return await writeFile(path, content, bytesMax, signal);
    } catch (error) {
      await this.discard(path);
      throw error;
    }
  }

  newPath(extension: string): string {
    return join(this.#scratch, `${this.#ids.next()}.${extension}`);
  }

  async describe(path: string, signal: AbortSignal): Promise<LocalFile> {
    return { path, ...(await digestFile(path, signal)) };
  }

  async store(workspace: string, { path, sha256, bytes }: LocalFile, signal: AbortSignal): Promise<void> {
    const content = createReadStream(path, { highWaterMark: 1024 * 1024 });
    await this.#artifacts.write(blobPath(workspace, sha256), content, { sha256, bytesMax: bytes }, signal);
  }

  adopt(file: LocalFile): Promise<void> {
    return this.#cache.adopt(file);
  }

  async open(workspace: string, files: readonly StoredFile[], signal: AbortSignal) {
    const releases: (() => void)[] = [];
    const release = (): void => {
      for (const each of releases.splice(0)) each();
    };
    try {
      const paths: string[] = [];
      for (const file of files) {
        const held = await this.#hold(workspace, file, signal);
        releases.push(held.release);
        paths.push(held.path);
      }
      return { paths, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Another job that fetches the same file may be called off; then it is our turn. */
  async #hold(workspace: string, file: StoredFile, signal: AbortSignal): Promise<HeldFile> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#cache.hold(file, (path) => this.#fetch(workspace, file, path, signal));
      } catch (error) {
        if (signal.aborted || error instanceof DomainError || attempt >= FETCH_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #fetch(workspace: string, file: StoredFile, path: string, signal: AbortSignal): Promise<void> {
    const working = this.newPath('fetch');
    try {
      await writeFile(working, this.read(workspace, file, signal), file.bytes, signal);
      await rename(working, path);
    } catch (error) {
      await this.discard(working);
      throw error;
    }
  }

  async *read(workspace: string, file: StoredFile, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { sha256, bytes } = file;
    const hash = createHash('sha256');
    let received = 0;
    let held: Uint8Array | undefined; // handed out once what follows it is known to be right
    try {
      for await (const chunk of await this.#artifacts.read(blobPath(workspace, sha256), undefined, signal)) {
        hash.update(chunk);
        received += chunk.length;
        if (received > bytes) throw storedFileLost(sha256, 'is longer than what was written');
        if (held) yield held;
        held = chunk;
      }
    } catch (error) {
      throw lossOf(error, sha256);
    }
    if (received !== bytes) throw storedFileLost(sha256, `has ${received} of the ${bytes} bytes that were written`);
    if (hash.digest('hex') !== sha256) throw storedFileLost(sha256, 'has another content');
    if (held) yield held;
  }

  async fetch(
    workspace: string,
    { uri, sha256, bytes }: StoredFile & { readonly uri: string },
    signal: AbortSignal,
  ): Promise<LocalFile> {
    const path = this.newPath('fetch');
    try {
      const content = await this.#artifacts.read(foreignPath(workspace, uri), undefined, signal);
      const file = await writeFile(path, content, bytes, signal);
      if (file.bytes !== bytes) throw predictionFileChanged(uri, `has ${file.bytes} of ${bytes} bytes`);
      if (file.sha256 !== sha256) throw predictionFileChanged(uri, `has digest ${file.sha256}, not ${sha256}`);
      return file;
    } catch (error) {
      await this.discard(path);
      throw foreignLoss(error, uri, bytes);
    }
  }

  async discard(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(path, { force: true });
  }

  delete(workspace: string, sha256: string, signal: AbortSignal): Promise<void> {
    return this.#artifacts.delete(blobPath(workspace, sha256), signal);
  }

  uriOf(workspace: string, sha256: string): string {
    return `artifact:${blobPath(workspace, sha256)}`;
  }
}

/** @throws {InvalidArgumentError} for an address that is not one of the workspace. */
function foreignPath(workspace: string, uri: string): ArtifactPath {
  const path = uri.startsWith('artifact:') ? uri.slice('artifact:'.length) : '';
  if (path.startsWith(`${workspace}/`)) return artifactPath(path);
  throw InvalidArgumentError.of('file', `'${uri}' is not in workspace '${workspace}': use artifact:${workspace}/...`);
}

/** What somebody else has written and named is not ours to have lost. */
function foreignLoss(error: unknown, uri: string, bytes: number): unknown {
  if (error instanceof NotFoundError) return predictionFileMissing(uri, error);
  if (error instanceof ExhaustedError && error.reason === 'UPLOAD_TOO_LARGE')
    return predictionFileChanged(uri, `has more than ${bytes} bytes`, error);
  if (error instanceof DataLossError && error.reason !== 'PREDICTION_FILE_CHANGED')
    return predictionFileChanged(uri, 'is broken', error);
  return error;
}

/** A file that something names and the store does not have, or knows to be broken, is lost; all else is passed on. */
function lossOf(error: unknown, sha256: string): unknown {
  if (error instanceof NotFoundError) return storedFileLost(sha256, 'is gone', error);
  if (error instanceof DataLossError && error.reason !== 'STORED_FILE_LOST')
    return storedFileLost(sha256, 'is broken', error);
  return error;
}

/** The caller removes what a failure leaves. */
async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  bytesMax: number,
  signal: AbortSignal,
): Promise<LocalFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(path, 'wx');
  try {
    for await (const chunk of content) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > bytesMax) throw uploadTooLarge(bytesMax);
      hash.update(chunk);
      await handle.write(chunk);
    }
  } finally {
    await handle.close();
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

/** Of a whole file, in constant memory. */
export async function digestFile(path: string, signal?: AbortSignal): Promise<StoredFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) })) {
    const part = chunk as Buffer;
    hash.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
