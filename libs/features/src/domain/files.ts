import type { StoredFile } from './ingestion.ts';

/** A file on this machine with its content's name. */
export interface LocalFile extends StoredFile {
  readonly path: string;
}

/** Stored files as files of this machine; they stay where they are until `release`. */
export interface OpenedFiles {
  /** In the order of the request. */
  readonly paths: readonly string[];
  release(): void;
}

/** Files of rows: in the artifact store by their sha256, one place per workspace, and on this machine while they are worked with. */
export interface FeatureFiles {
  /** Takes an upload to this machine. @throws {ExhaustedError} reason UPLOAD_TOO_LARGE. Nothing is left on any failure. */
  receive(content: AsyncIterable<Uint8Array>, bytesMax: number, signal: AbortSignal): Promise<LocalFile>;
  /** A path on this machine that nothing is at; whoever makes something there discards it. @param extension e.g. `parquet`. */
  newPath(extension: string): string;
  /** Names the content of a file that was made here. */
  describe(path: string, signal: AbortSignal): Promise<LocalFile>;
  /** Copies a local file to the artifact store; a file that is there already is written again, which also mends it. */
  store(workspace: string, file: LocalFile, signal: AbortSignal): Promise<void>;
  /** Lets `open` find a local file without fetching it; it is not the caller's any more. */
  adopt(file: LocalFile): Promise<void>;
  /** @throws {DataLossError} reason STORED_FILE_LOST when one is gone or not what it was. */
  open(workspace: string, files: readonly StoredFile[], signal: AbortSignal): Promise<OpenedFiles>;
  /** Checks bytes and digest while streaming: the last chunk comes only when all is right. @throws {DataLossError} reason STORED_FILE_LOST. */
  read(workspace: string, file: StoredFile, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Brings a file that others have written to this machine, once it is known to have the size and the digest that it is named with. The caller discards it.
   * @throws {InvalidArgumentError} for an address outside of the workspace. @throws {FailedPreconditionError} reason PREDICTION_FILE_MISSING.
   * @throws {DataLossError} reason PREDICTION_FILE_CHANGED.
   */
  fetch(workspace: string, file: StoredFile & { readonly uri: string }, signal: AbortSignal): Promise<LocalFile>;
  /** Removes local files; those that are not there are fine. */
  discard(...paths: readonly string[]): Promise<void>;
  /** Removes one from the artifact store. */
  delete(workspace: string, sha256: string, signal: AbortSignal): Promise<void>;
  /** How others read a stored file: `artifact:` and its path. */
  uriOf(workspace: string, sha256: string): string;
}
