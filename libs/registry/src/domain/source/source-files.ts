import type { SourceOwner } from './model-source.ts';

export interface SourceFile {
  /** Below the folder that was listed. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex; empty when it is not known. */
  readonly sha256: string;
}

export interface SourceFolder {
  readonly workspace: string;
  readonly owner: SourceOwner;
  /** Below the owner's artifacts; empty for all of them. */
  readonly path: string;
}

/** Files of runs and logged models of this system. */
export interface SourceFiles {
  /** All files below a folder, in no certain order. Nothing for a folder that is not there. */
  list(folder: SourceFolder, signal: AbortSignal): AsyncIterable<SourceFile>;
  /** @param file path of one of them. */
  read(folder: SourceFolder, file: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
