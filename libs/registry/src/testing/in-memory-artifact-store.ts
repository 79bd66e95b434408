import { createHash } from 'node:crypto';
import { AlreadyExistsError, DataLossError, ExhaustedError, NotFoundError, type Clock } from '@slipway/kernel';
import type { ArtifactInfo, ArtifactPath, ArtifactStore } from '@slipway/plugin-kit';

interface Entry {
  readonly info: ArtifactInfo;
  readonly content: Buffer;
}

/** Artifacts in memory. `entries` is open to tests that break or lose a stored file. */
export class InMemoryArtifactStore implements ArtifactStore {
  readonly capabilities = { presign: false };
  readonly entries = new Map<string, Entry>();
  private readonly clock: Clock;
  private readonly readChunkBytes: number;

  /** @param readChunkBytes size of the chunks that `read` gives. */
  constructor(clock: Clock, readChunkBytes = 64 * 1024) {
    this.clock = clock;
    this.readChunkBytes = readChunkBytes;
  }

  open = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();

  write: ArtifactStore['write'] = async (path, content, { ifAbsent, sha256, bytesMax }, signal) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of content) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytesMax !== undefined && bytes > bytesMax) throw new ExhaustedError(`'${path}' is too large`);
      chunks.push(Uint8Array.from(chunk));
    }
    const whole = Buffer.concat(chunks);
    const digest = createHash('sha256').update(whole).digest('hex');
    if (sha256 !== undefined && digest !== sha256) throw new DataLossError(`'${path}' has another digest`);
    if (ifAbsent && this.entries.has(path)) throw new AlreadyExistsError(`'${path}' exists`);
    const info = { path, bytes: BigInt(bytes), sha256: digest, modifiedAt: this.clock.now() };
    this.entries.set(path, { info, content: whole });
    return info;
  };

  read: ArtifactStore['read'] = (path, range, signal) => {
    const entry = this.entries.get(path);
    if (!entry) return Promise.reject(new NotFoundError(`there is no artifact '${path}'`));
    const start = range?.offset ?? 0;
    const end = range?.length === undefined ? entry.content.length : start + range.length;
    return Promise.resolve(slices(entry.content.subarray(start, end), this.readChunkBytes, signal));
  };

  stat = (path: ArtifactPath) => Promise.resolve(this.entries.get(path)?.info);

  list: ArtifactStore['list'] = (prefix, { pageSize, pageToken = '' }) => {
    const paths = [...this.entries.keys()].filter((path) => path.startsWith(`${prefix}/`) && path > pageToken).sort();
    const items = paths.slice(0, pageSize).flatMap((path) => this.entries.get(path)?.info ?? []);
    const last = paths[pageSize - 1];
    return Promise.resolve(paths.length > pageSize && last !== undefined ? { items, nextPageToken: last } : { items });
  };

  delete = (path: ArtifactPath): Promise<void> => {
    this.entries.delete(path);
    return Promise.resolve();
  };
}

async function* slices(content: Uint8Array, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) {
    signal.throwIfAborted();
    yield await Promise.resolve(content.subarray(at, at + size));
  }
}
