import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { DataLossError, InvalidArgumentError } from '@slipway/kernel';
import { artifactPath, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';

/** A stored file, as a snapshot manifest names it. */
export interface SnapshotFile {
  /** `artifact:` and a path. */
  readonly uri: string;
  readonly sha256: string;
}

const SCHEME = 'artifact:';

/** Where the file of a training set lies. */
const pathOf = (workspace: string, id: string): ArtifactPath =>
  artifactPath(workspace, 'pipelines', 'training-sets', `${id}.parquet`);

/** @throws {InvalidArgumentError} on an address that is none of an artifact. */
function artifactOf(uri: string): ArtifactPath {
  if (!uri.startsWith(SCHEME)) throw InvalidArgumentError.of('uri', `'${uri.slice(0, 80)}' is no ${SCHEME} address`);
  return artifactPath(uri.slice(SCHEME.length));
}

/** Files of training sets in the artifact store, and copies of stored files on this machine while somebody works with them. */
export class TrainingSets {
  readonly #artifacts: ArtifactStore;
  readonly #directory: string;

  /** @param directory of this process alone. */
  constructor(artifacts: ArtifactStore, directory: string) {
    this.#artifacts = artifacts;
    this.#directory = directory;
  }

  /** Removes what a process that died has left behind. */
  async prepare(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true });
  }

  /** Runs `action` with a folder of its own, which is gone afterwards. */
  async withScratch<Result>(action: (folder: string) => Promise<Result>): Promise<Result> {
    await mkdir(this.#directory, { recursive: true });
    const folder = await mkdtemp(join(this.#directory, 'step-'));
    try {
      return await action(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async exists(workspace: string, id: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#artifacts.stat(pathOf(workspace, id), signal)) !== undefined;
  }

  uriOf(workspace: string, id: string): string {
    return `${SCHEME}${pathOf(workspace, id)}`;
  }

  /** Stores a file under its training set; a repeat writes the same again. */
  async store(workspace: string, id: string, file: string, signal: AbortSignal): Promise<void> {
    await this.#artifacts.write(pathOf(workspace, id), createReadStream(file), {}, signal);
  }

  /** Copies the file of a training set. @throws {NotFoundError} when there is none. */
  async fetch(workspace: string, id: string, file: string, signal: AbortSignal): Promise<void> {
    await pipeline(await this.#artifacts.read(pathOf(workspace, id), undefined, signal), createWriteStream(file), {
      signal,
    });
  }

  /** Copies a file of a manifest. @throws {DataLossError} when it is not what the manifest says. */
  async copy({ uri, sha256 }: SnapshotFile, file: string, signal: AbortSignal): Promise<void> {
    const hash = createHash('sha256');
    const chunks = await this.#artifacts.read(artifactOf(uri), undefined, signal);
    await pipeline(
      chunks,
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file),
      { signal },
    );
    if (hash.digest('hex') === sha256) return;
    throw new DataLossError(`'${uri}' is not the file that its manifest names`, { reason: 'FILE_DIGEST_MISMATCH' });
  }
}

/** Runs one statement that writes one file. @returns the number of rows. @throws {InvalidArgumentError} naming what the engine refuses. */
export async function writeRows(statement: string, signal: AbortSignal): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1', // the same rows make the same bytes
    memory_limit: '512MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: '',
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    const result = await connection.run(statement);
    return Number((await result.getRows())[0]?.[0] ?? 0);
  } catch (cause) {
    signal.throwIfAborted();
    const text = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw InvalidArgumentError.of('with', `the rows cannot be made: ${text.slice(0, 400)}`, { cause });
  } finally {
    signal.removeEventListener('abort', interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}
