import type { PackageFile } from '@slipway/model-package';

/** Files of packages by their sha256, one place per workspace. */
export interface PackageStore {
  /**
   * Streams one file in constant memory. A file that is there already is written again, which also mends it.
   * @throws whatever `content` throws; nothing is left then. @throws {DataLossError} when the content has another digest.
   */
  write(workspace: string, file: PackageFile, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /**
   * Checks bytes and digest while streaming: the last chunk comes only when all is right.
   * @throws {DataLossError} reason PACKAGE_FILE_LOST when it is gone or not what it was.
   */
  read(workspace: string, file: PackageFile, signal: AbortSignal): AsyncIterable<Uint8Array>;
  delete(workspace: string, sha256: string, signal: AbortSignal): Promise<void>;
}

export interface BlobRef {
  readonly workspace: string;
  readonly sha256: string;
}

/** What the sweeper asks of the state; across all workspaces. */
export interface BlobLedger {
  /** Claims older than `before` whose file no version names, oldest first, at most `limit`. */
  unused(before: bigint, limit: number): Promise<readonly BlobRef[]>;
  /**
   * Takes the claim exclusively, checks again that it is older than `before` and that no version names the file, runs `remove`, drops the claim.
   * @returns whether it was removed. When `remove` fails the claim stays, so that it is tried again.
   */
  drop(blob: BlobRef, before: bigint, remove: () => Promise<void>): Promise<boolean>;
}
