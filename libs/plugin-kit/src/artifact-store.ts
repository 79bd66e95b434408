import { InvalidArgumentError } from '@slipway/kernel';
import type { Plugin } from './plugin.ts';

declare const artifactPathBrand: unique symbol;
/** A relative path that cannot leave its root: made by `artifactPath` only. */
export type ArtifactPath = string & { readonly [artifactPathBrand]: true };

/** A key of S3 has at most 1024 bytes; the rest is for the prefix of a driver. */
const PATH_BYTES_MAX = 896;
const SEGMENT = /^[A-Za-z0-9_=@+,~-][A-Za-z0-9._=@+,~ -]{0,254}$/;

/**
 * Canonicalises once: 1..32 segments joined by `/`, each of letters, digits and `._=@+,~ -`, none starting with a dot or a space, at most 896 bytes.
 * @throws {InvalidArgumentError} on anything else: no segment, empty segments, `..`, backslashes, percent signs, NUL, absolute paths.
 */
export function artifactPath(...segments: readonly string[]): ArtifactPath {
  const parts = segments.flatMap((segment) => segment.split('/'));
  const path = parts.join('/');
  if (
    parts.length < 1 ||
    parts.length > 32 ||
    path.length > PATH_BYTES_MAX ||
    !parts.every((part) => SEGMENT.test(part) && !part.endsWith(' '))
  ) {
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

/**
 * Bytes from `offset` (0 or more); `length` 1 or more, or to the end when absent; a length that reaches past the end is cut there.
 * A range that begins at or after the end is an InvalidArgumentError, so every range of an empty content is one.
 */
export interface ByteRange {
  readonly offset: number;
  readonly length?: number;
}

export interface ArtifactPage {
  /** At most pageSize; may be fewer, also none, before the last page when paths vanish meanwhile. */
  readonly items: readonly ArtifactInfo[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

/**
 * Files by path, of any size, in constant memory. A path is seen whole or not at all, content and digest together; readers that began before a
 * replacement finish with the old content, or fail with UnavailableError where the storage has let it go, but never see a mixture.
 * What a call has resolved is seen by every later call, of this store and of another one over the same storage.
 * A path and another one below it (`a` and `a/b`) do not go together: storage on a file system refuses the second with FailedPreconditionError.
 * Safe for concurrent calls. The first segment is the workspace.
 * All calls: @throws the signal's reason once it aborts, UnavailableError when the storage cannot be reached, FailedPreconditionError before `open` and
 * after `close`.
 */
export interface ArtifactStore {
  readonly capabilities: {
    /** Addresses that let a client read or write without this process. */
    readonly presign: boolean;
  };
  /** Usable, or failed before `signal` aborts; called once. Removes what writers that died have left behind, never what a path refers to. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Streams `content` to a place of its own, hashes while writing, then makes it visible at once. On any failure nothing of it is left under `path`, and
   * what was there stays. A chunk is read before the next one is asked for, so a source may reuse its buffer; the source is told when the write ends
   * early (`return`), and what it throws comes out unchanged.
   * @throws {ExhaustedError} past `bytesMax` or when the storage is full. @throws {UnavailableError} when storage behind a network does not answer; only
   * then the content may have become visible all the same, whole, and `stat` tells.
   */
  write(
    path: ArtifactPath,
    content: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ArtifactInfo>;
  /**
   * Chunks of any size, each of them the reader's own. Iterate the result once: to the end, or leave early, or abort `signal`; each releases everything.
   * `signal` covers the iteration too.
   * @throws {NotFoundError} before the first chunk when the path does not exist. @throws {DataLossError} when the content is not whole.
   */
  read(path: ArtifactPath, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** undefined when the path does not exist. Reads no content. */
  stat(path: ArtifactPath, signal: AbortSignal): Promise<ArtifactInfo | undefined>;
  /** All paths that begin with `prefix` and a `/` (whole segments; the path `prefix` itself is not below it), in byte order; pageSize 1..1000. */
  list(
    prefix: ArtifactPath,
    page: { pageSize: number; pageToken?: string },
    signal: AbortSignal,
  ): Promise<ArtifactPage>;
  /** Idempotent: deleting what is not there is fine. */
  delete(path: ArtifactPath, signal: AbortSignal): Promise<void>;
  /** Waits for started calls, refuses new ones; reads handed out may finish. Safe to call twice. */
  close(): Promise<void>;
}

export type ArtifactStorePlugin<Config = unknown> = Plugin<'artifact-store', Config, ArtifactStore>;
