import { createHash } from 'node:crypto';
import type { TrackingDependencies } from '../dependencies.ts';
import { streamOrder, uploadDigestMismatch, uploadsBusy } from '../errors.ts';
import { findRun, runResource } from '../lookup.ts';
import type { RunFile } from '../run-files.ts';
import { assertActive } from '../run.ts';
import type { Call } from '../unit-of-work.ts';

/** What is uploaded. */
export interface UploadHeader {
  readonly runId: string;
  readonly path: string;
  /** Lower-case hex; empty when the sender does not know. */
  readonly sha256: string;
}

/** One message of an upload; `nothing` is a message without a part. */
export type UploadPart =
  | { readonly kind: 'header'; readonly header: UploadHeader }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

/** @throws {InvalidArgumentError} reason STREAM_ORDER when the first part is no header. */
async function readHeader(parts: AsyncIterator<UploadPart>): Promise<UploadHeader> {
  const first = await parts.next();
  if (first.done === true) throw streamOrder('header', 'the upload is empty; send a header first');
  if (first.value.kind !== 'header') throw streamOrder('header', 'must be the first message');
  return first.value.header;
}

/** The bytes after the header. @throws {InvalidArgumentError} reason STREAM_ORDER or UPLOAD_DIGEST_MISMATCH. */
async function* readContent(
  parts: AsyncIterator<UploadPart>,
  sha256: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for (;;) {
    const next = await parts.next();
    if (next.done === true) break;
    const part = next.value;
    if (part.kind !== 'chunk')
      throw streamOrder(part.kind === 'header' ? 'header' : 'chunk', 'only chunks follow the header');
    hash.update(part.bytes);
    if (part.bytes.length > 0) yield part.bytes;
  }
  const actual = hash.digest('hex');
  if (sha256 !== '' && actual !== sha256) throw uploadDigestMismatch(actual);
}

/**
 * Streams one file of a run to its place, where it becomes visible at its end. The run is asked for once more before that: a run that was deleted
 * meanwhile gets no file.
 * @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. @throws {UnavailableError} reason UPLOADS_BUSY.
 * @throws {InvalidArgumentError} reason STREAM_ORDER, UPLOAD_DIGEST_MISMATCH or ARTIFACT_PATH_INVALID. @throws {ExhaustedError} reason ARTIFACT_TOO_LARGE.
 */
export async function uploadArtifact(
  call: Call,
  messages: AsyncIterable<UploadPart>,
  { unitOfWork, files, uploads, limits }: TrackingDependencies,
  signal: AbortSignal,
): Promise<RunFile> {
  const parts = messages[Symbol.asyncIterator]();
  if (!uploads.tryEnter()) {
    await parts.return?.();
    throw uploadsBusy(uploads.places);
  }
  const { workspace } = call.caller;
  try {
    const { runId, path, sha256 } = await readHeader(parts);
    const findActive = () =>
      unitOfWork.read(call.caller, async (reads) => {
        const run = await findRun(reads, runId);
        assertActive(run);
        return run;
      });
    const run = await findActive();
    const checkedPath = files.checkPath(workspace, run, path);
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield* readContent(parts, sha256);
      await findActive();
    };
    const stored = await files.write(workspace, run, checkedPath, content(), limits.artifactBytesMax, signal);
    const details = { path: stored.path, sha256: stored.sha256, bytes: stored.bytes.toString() };
    await unitOfWork.run(call, (tx) => {
      tx.audit.add({ action: 'tracking.artifacts.write', resource: runResource(run), details });
      return Promise.resolve();
    });
    return stored;
  } finally {
    uploads.leave();
    void Promise.resolve(parts.return?.()).catch(() => undefined); // one that is silent is not waited for
  }
}
