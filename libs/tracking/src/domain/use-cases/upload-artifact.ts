import type { ArtifactFile } from '../artifact-files.ts';
import { assertTakesFiles, findPlace, type NamedArtifact } from '../artifact-home.ts';
import { refusePath } from '../artifact-location.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import { uploadsBusy } from '../errors.ts';
import type { Call } from '../unit-of-work.ts';
import { readContent, readHeader, type UploadMessage } from '../upload-stream.ts';

/** What is uploaded. */
export interface UploadHeader extends NamedArtifact {
  /** Lower-case hex; empty when the sender does not know. */
  readonly sha256: string;
}

/**
 * Streams one file of a run or a logged model to its place, where it becomes visible at its end. The owner is asked for once more before that: one that
 * was deleted meanwhile gets no file.
 * @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. @throws {UnavailableError} reason UPLOADS_BUSY. @throws {ExhaustedError} reason ARTIFACT_TOO_LARGE.
 * @throws {InvalidArgumentError} reason STREAM_ORDER or UPLOAD_DIGEST_MISMATCH. @throws all of `findPlace`.
 */
export async function uploadArtifact(
  call: Call,
  messages: AsyncIterable<UploadMessage<UploadHeader>>,
  { unitOfWork, files, uploads, limits }: TrackingDependencies,
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const parts = messages[Symbol.asyncIterator]();
  if (!uploads.tryEnter()) {
    await parts.return?.();
    throw uploadsBusy(uploads.places);
  }
  const { workspace } = call.caller;
  try {
    const { sha256, ...named } = await readHeader(parts);
    const findOpen = () =>
      unitOfWork.read(call.caller, async (reads) => {
        const place = await findPlace(reads, named);
        assertTakesFiles(place.home);
        return place;
      });
    const { home, path } = await findOpen();
    if (path === '') refusePath('path', 'must name a file');
    files.checkPath(workspace, home, path);
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield* readContent(parts, sha256);
      await findOpen();
    };
    const stored = await files.write(workspace, home, path, content(), limits.artifactBytesMax, signal);
    const details = { path: stored.path, sha256: stored.sha256, bytes: stored.bytes.toString() };
    await unitOfWork.run(call, (tx) => {
      tx.audit.add({ action: 'tracking.artifacts.write', resource: home.resource, details });
      return Promise.resolve();
    });
    return stored;
  } finally {
    uploads.leave();
    void Promise.resolve(parts.return?.()).catch(() => undefined); // one that is silent is not waited for
  }
}
