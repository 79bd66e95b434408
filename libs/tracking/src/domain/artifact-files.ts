import type { ArtifactHome } from './artifact-home.ts';
import type { Page, PageRequest } from './paging.ts';

/** A file of a run or a logged model, or a folder that has some. */
export interface ArtifactFile {
  /** Below the artifacts of its home, segments joined by `/`. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** 0 for folders. */
  readonly bytes: bigint;
  /** Lower-case hex; empty for folders. */
  readonly sha256: string;
}

/** A part of a file. */
export interface FileRange {
  /** The first byte; 0 or more. */
  readonly offset: bigint;
  /** 1 or more, cut at the end of the file; undefined is to the end. */
  readonly length: bigint | undefined;
}

export interface OpenedFile {
  /** The whole file, also when a part of it is read. */
  readonly file: ArtifactFile;
  /** To be iterated once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Files of runs and logged models, each of them in a place of its own. Paths are those of `findPlace`.
 * All calls: @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID on a path that is too long to be stored.
 */
export interface ArtifactFiles {
  /** Nothing when the path can be stored. */
  checkPath(workspace: string, home: ArtifactHome, path: string): void;
  /**
   * Streams one file and makes it visible at its end, in the place of an earlier one.
   * @throws whatever `content` throws; nothing has changed then. @throws {ExhaustedError} past `bytesMax`.
   */
  write(
    workspace: string,
    home: ArtifactHome,
    path: string,
    content: AsyncIterable<Uint8Array>,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<ArtifactFile>;
  /**
   * @param range undefined for the whole file, whose content is compared with its digest before the last chunk is handed out. A part is as the storage
   * gives it; that it is of the file that was told, and not of one that took its place meanwhile, holds for both.
   * @throws {NotFoundError} @throws {InvalidArgumentError} reason ARTIFACT_RANGE_BEYOND_END.
   * The iteration: @throws {DataLossError} @throws {UnavailableError} reason ARTIFACT_REPLACED, before the last chunk.
   */
  open(
    workspace: string,
    home: ArtifactHome,
    path: string,
    range: FileRange | undefined,
    signal: AbortSignal,
  ): Promise<OpenedFile>;
  /**
   * Files and folders directly below a folder, a folder as if its name ended in `/`. Each page is in the order of names; names of ASCII letters, digits
   * and `._=@+,~ -` only come on earlier pages than others. A page may be short before the last one.
   * @param folder empty for the root. @throws {InvalidArgumentError} on a token that is not of this list.
   */
  list(
    workspace: string,
    home: ArtifactHome,
    folder: string,
    page: PageRequest,
    signal: AbortSignal,
  ): Promise<Page<ArtifactFile>>;
  /** Removes a file, or everything in a folder; what was removed before a failure stays removed. @returns how many files. */
  delete(workspace: string, home: ArtifactHome, path: string, signal: AbortSignal): Promise<number>;
}
