import { assertTakesFiles, findPlace, type NamedArtifact } from '../artifact-home.ts';
import { refusePath } from '../artifact-location.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import { artifactNotFound } from '../errors.ts';
import type { Call } from '../unit-of-work.ts';

/**
 * Removes a file, or a folder with everything in it; never all files of a run or model at once.
 * @returns how many files. @throws {NotFoundError} reason ARTIFACT_NOT_FOUND, and all of `findPlace`.
 */
export async function deleteArtifacts(
  call: Call,
  named: NamedArtifact,
  { unitOfWork, files }: TrackingDependencies,
  signal: AbortSignal,
): Promise<number> {
  const { home, path } = await unitOfWork.read(call.caller, (reads) => findPlace(reads, named));
  if (path === '') refusePath('path', 'must name a file or a folder');
  assertTakesFiles(home);
  const removed = await files.delete(call.caller.workspace, home, path, signal);
  if (removed === 0) throw artifactNotFound(home.resource, path);
  const details = { path, files: removed.toString() };
  await unitOfWork.run(call, (tx) => {
    tx.audit.add({ action: 'tracking.artifacts.delete', resource: home.resource, details });
    return Promise.resolve();
  });
  return removed;
}
