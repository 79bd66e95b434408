import { InvalidArgumentError } from '@slipway/kernel';
import type { Plugin } from './plugin.ts';

declare const artifactPathBrand: unique symbol;
/** A relative path that cannot leave its root: made by `artifactPath` only. */
export type ArtifactPath = string & { readonly [artifactPathBrand]: true };

const SEGMENT = /^[A-Za-z0-9_=@+,~-][A-Za-z0-9._=@+,~ -]{0,254}$/;

/**
 * Canonicalises once: 1..32 segments joined by `/`, each of letters, digits and `._=@+,~ -`, none starting with a dot or a space, at most 1024 bytes.
 * @throws {InvalidArgumentError} on anything else: empty segments, `..`, backslashes, percent signs, NUL, absolute paths.
 */
export function artifactPath(...segments: readonly string[]): ArtifactPath {
  const parts = segments.flatMap((segment) => segment.split('/'));
  const path = parts.join('/');
  if (parts.length > 32 || path.length > 1024 || !parts.every((part) => SEGMENT.test(part) && !part.endsWith(' '))) {
    throw InvalidArgumentError.of(
      'path',
      `'${path.slice(0, 80).replaceAll(/[^ -~]/g, '?')}' is not an artifact path: use 1 to 32 segments of letters, digits and ._=@+,~- that do not start with a dot`,
      { reason: 'ARTIFACT_PATH_INVALID' },
    );
  }
  return path as ArtifactPath;
}

export interface ArtifactInfo {
  readonly path: ArtifactPath;
  readonly bytes: bigint;
  /** Lower-case hex of the whole content. */
  readonly sha256: string;
  /** Microseconds, UTC. */
  readonly modifiedAt: bigint;
}

export interface WriteOptions {
  /** Refuse when the path exists, atomically among concurrent writers. @throws {AlreadyExistsError} then. */
  readonly ifAbsent?: boolean;
  /** When given, the write fails without a trace unless the content has this digest. @throws {DataLossError} then. */
  readonly sha256?: string;
  /** When given, more bytes than this stop the write without a trace. @throws {ExhaustedError} then. */
  readonly bytesMax?: number;
}

/** Bytes from `offset` (0 or more); `length` 1 or more, or to the end when absent. A range that begins at or after the end is an InvalidArgumentError. */
export interface ByteRange {
  readonly offset: number;
  readonly length?: number;
}

export interface ArtifactPage {
  readonly items: readonly ArtifactInfo[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

/**
 * Files by path, of any size, in constant memory. A path is seen whole or not at all; readers that began before a replacement finish with the old content.
 * Safe for concurrent calls. The first segment is the workspace.
 */
export interface ArtifactStore {
  readonly capabilities: {
    /** Addresses that let a client read or write without this process. */
    readonly presign: boolean;
  };
  open(signal: AbortSignal): Promise<void>;
  /** Streams `content` to a place of its own, hashes while writing, then makes it visible at once. On any failure nothing is left under `path`. */
  write(
    path: ArtifactPath,
    content: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ArtifactInfo>;
  /** @throws {NotFoundError} before the first chunk when the path does not exist. Leaving the iteration early releases everything. */
  read(path: ArtifactPath, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** undefined when the path does not exist. */
  stat(path: ArtifactPath, signal: AbortSignal): Promise<ArtifactInfo | undefined>;
  /** All paths below `prefix` (a whole segment), in byte order; pageSize 1..1000. */
  list(
    prefix: ArtifactPath,
    page: { pageSize: number; pageToken?: string },
    signal: AbortSignal,
  ): Promise<ArtifactPage>;
  /** Idempotent: deleting what is not there is fine. */
  delete(path: ArtifactPath, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export type ArtifactStorePlugin<Config = unknown> = Plugin<'artifact-store', Config, ArtifactStore>;
