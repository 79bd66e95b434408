import type { ArtifactFile, FileRange, OpenedFile } from '../artifact-files.ts';
import { findPlace, type NamedArtifact } from '../artifact-home.ts';
import { refusePath } from '../artifact-location.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

/** Fits the flow-control window of a connection several times, and any message limit. */
const CHUNK_BYTES_MAX = 256 * 1024;

export interface DownloadArtifact extends NamedArtifact {
  /** Undefined for the whole file. */
  readonly range: FileRange | undefined;
}

/**
 * Nothing is read ahead of who iterates; memory does not grow with the file. What the content is checked for is said at `ArtifactFiles.open`.
 * @throws {NotFoundError} reason ARTIFACT_NOT_FOUND, and all of `findPlace`. @throws {InvalidArgumentError} reason ARTIFACT_RANGE_BEYOND_END.
 * The iteration: @throws {DataLossError} reason ARTIFACT_LOST. @throws {UnavailableError} reason ARTIFACT_REPLACED.
 */
export async function downloadArtifact(
  call: Call,
  { range, ...named }: DownloadArtifact,
  { unitOfWork, files }: TrackingDependencies,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const { home, path } = await unitOfWork.read(call.caller, (reads) => findPlace(reads, named));
  if (path === '') refusePath('path', 'must name a file');
  const { file, content } = await files.open(call.caller.workspace, home, path, range, signal);
  return { file, content: cut(content) };
}

async function* cut(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES_MAX) yield chunk.subarray(at, at + CHUNK_BYTES_MAX);
  }
}

/** @throws {InvalidArgumentError} on a bad path, or a token of another list. @throws all of `findPlace`. */
export async function listArtifacts(
  call: Call,
  { owner, path: folder, ...page }: NamedArtifact & PageRequest,
  { unitOfWork, files }: TrackingDependencies,
  signal: AbortSignal,
): Promise<Page<ArtifactFile>> {
  const { home, path } = await unitOfWork.read(call.caller, (reads) => findPlace(reads, { owner, path: folder }));
  return files.list(call.caller.workspace, home, path, page, signal);
}
