import type { Page, PageRequest } from './paging.ts';
import type { Run } from './run.ts';

/** A file of a run, or a folder that has some. */
export interface RunFile {
  /** Below the run, segments joined by `/`. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** 0 for folders. */
  readonly bytes: bigint;
  /** Lower-case hex; empty for folders. */
  readonly sha256: string;
}

/** Files of runs, each run in a place of its own. */
export interface RunFiles {
  /** @returns the same path in its one form. @throws {InvalidArgumentError} on a path that is not one of ours. */
  checkPath(workspace: string, run: Run, path: string): string;
  /**
   * Streams one file and makes it visible at its end, in the place of an earlier one.
   * @throws whatever `content` throws; nothing has changed then. @throws {ExhaustedError} past `bytesMax`.
   */
  write(
    workspace: string,
    run: Run,
    path: string,
    content: AsyncIterable<Uint8Array>,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<RunFile>;
  /** @throws {NotFoundError} before the first chunk. @throws {DataLossError} before the last one. */
  read(workspace: string, run: Run, path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Files and folders directly below a folder, by name, a folder as if its name ended in `/`. A page may be short before the last one.
   * @param folder empty for the root of the run. @throws {InvalidArgumentError} on a token that is not of this list.
   */
  list(workspace: string, run: Run, folder: string, page: PageRequest, signal: AbortSignal): Promise<Page<RunFile>>;
}
