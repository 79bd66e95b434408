import type { TrackingDependencies } from '../dependencies.ts';
import { findRun } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { RunFile } from '../run-files.ts';
import type { Run } from '../run.ts';
import type { Call } from '../unit-of-work.ts';

const readRun = ({ caller }: Call, runId: string, { unitOfWork }: TrackingDependencies): Promise<Run> =>
  unitOfWork.read(caller, (reads) => findRun(reads, runId));

/** Fits the flow-control window of a connection several times, and any message limit. */
const CHUNK_BYTES_MAX = 256 * 1024;

/** Nothing is read ahead of who iterates. @throws {NotFoundError} reason RUN_NOT_FOUND or ARTIFACT_NOT_FOUND. @throws {DataLossError} reason ARTIFACT_LOST. */
export async function* downloadArtifact(
  call: Call,
  { runId, path }: { readonly runId: string; readonly path: string },
  deps: TrackingDependencies,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const run = await readRun(call, runId, deps);
  const { workspace } = call.caller;
  const checkedPath = deps.files.checkPath(workspace, run, path);
  for await (const chunk of deps.files.read(workspace, run, checkedPath, signal)) {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES_MAX) yield chunk.subarray(at, at + CHUNK_BYTES_MAX);
  }
}

export interface ListArtifacts extends PageRequest {
  readonly runId: string;
  /** Empty is the root. */
  readonly path: string;
}

/** @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {InvalidArgumentError} on a bad path, or a token of another list. */
export async function listArtifacts(
  call: Call,
  { runId, path, ...page }: ListArtifacts,
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<Page<RunFile>> {
  const run = await readRun(call, runId, deps);
  const { workspace } = call.caller;
  const folder = path === '' ? '' : deps.files.checkPath(workspace, run, path);
  return deps.files.list(workspace, run, folder, page, signal);
}
