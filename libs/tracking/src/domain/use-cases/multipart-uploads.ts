import { createHash } from 'node:crypto';
import type { ArtifactFile } from '../artifact-files.ts';
import { assertTakesFiles, findPlace, type ArtifactPlace, type NamedArtifact } from '../artifact-home.ts';
import { refusePath } from '../artifact-location.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import { uploadNotFound, uploadPartsMismatch, uploadsBusy } from '../errors.ts';
import { completedFile, type MultipartUpload, type PartDigest, type StoredPart, type UploadKey } from '../multipart.ts';
import { makeRunId } from '../run-names.ts';
import type { Call } from '../unit-of-work.ts';
import { readContent, readHeader, type UploadMessage } from '../upload-stream.ts';

const keyOf = ({ caller }: Call, uploadId: string): UploadKey => ({ workspace: caller.workspace, uploadId });

/** The place of a file that may be written now. */
const writablePlace = (
  call: Call,
  named: NamedArtifact,
  { unitOfWork }: TrackingDependencies,
): Promise<ArtifactPlace> =>
  unitOfWork.read(call.caller, async (reads) => {
    const place = await findPlace(reads, named);
    assertTakesFiles(place.home);
    return place;
  });

const namedBy = ({ homeKind, homeId, path }: MultipartUpload): NamedArtifact => ({
  owner: { kind: homeKind, id: homeId },
  path,
});

async function findOpen(call: Call, uploadId: string, { multipart }: TrackingDependencies): Promise<MultipartUpload> {
  const upload = await multipart.find(call.caller, uploadId);
  if (upload?.state.kind !== 'open') throw uploadNotFound(uploadId);
  return upload;
}

export interface CreateMultipartUpload extends NamedArtifact {
  readonly parts: number;
  readonly requestId: string;
}

/** @throws all of `findPlace`, of `assertTakesFiles` and of requests. */
export async function createMultipartUpload(
  call: Call,
  { parts, requestId, ...named }: CreateMultipartUpload,
  deps: TrackingDependencies,
): Promise<MultipartUpload> {
  const place = await writablePlace(call, named, deps);
  if (place.path === '') refusePath('path', 'must name a file');
  deps.files.checkPath(call.caller.workspace, place.home, place.path);
  const upload = { uploadId: makeRunId(deps.random), place, parts, keepMs: deps.limits.multipartKeepMs };
  return deps.multipart.create(call, upload, requestId);
}

export interface PartHeader extends PartDigest {
  readonly uploadId: string;
}

/**
 * Streams one part to its place; it is there, in the place of an earlier one, at its end.
 * @throws {NotFoundError} reason UPLOAD_NOT_FOUND. @throws {UnavailableError} reason UPLOADS_BUSY. @throws {ExhaustedError} reason ARTIFACT_TOO_LARGE.
 * @throws {InvalidArgumentError} reason STREAM_ORDER, UPLOAD_DIGEST_MISMATCH or UPLOAD_PARTS_MISMATCH.
 */
export async function uploadPart(
  call: Call,
  stream: AsyncIterable<UploadMessage<PartHeader>>,
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<StoredPart> {
  const messages = stream[Symbol.asyncIterator]();
  const { uploads, limits, parts } = deps;
  if (!uploads.tryEnter()) {
    await messages.return?.();
    throw uploadsBusy(uploads.places);
  }
  try {
    const { uploadId, part, sha256 } = await readHeader(messages);
    const upload = await findOpen(call, uploadId, deps);
    if (part > upload.parts) throw uploadPartsMismatch(`the upload has parts 1 to ${upload.parts}, not ${part}`);
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield* readContent(messages, sha256);
      await findOpen(call, uploadId, deps); // aborted or completed meanwhile: nobody would ask for the part
    };
    return await parts.write(keyOf(call, uploadId), part, content(), limits.artifactBytesMax, signal);
  } finally {
    uploads.leave();
    void Promise.resolve(messages.return?.()).catch(() => undefined); // one that is silent is not waited for
  }
}

/** By number. @throws {NotFoundError} reason UPLOAD_NOT_FOUND. */
export async function listUploadParts(
  call: Call,
  { uploadId }: { readonly uploadId: string },
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<readonly StoredPart[]> {
  await findOpen(call, uploadId, deps);
  return deps.parts.list(keyOf(call, uploadId), signal);
}

/** @throws {InvalidArgumentError} reason UPLOAD_PARTS_MISMATCH. */
function assertParts(upload: MultipartUpload, wanted: readonly PartDigest[], stored: readonly StoredPart[]): void {
  if (wanted.length !== upload.parts || wanted.some(({ part }, at) => part !== at + 1)) {
    throw uploadPartsMismatch(`name all parts from 1 to ${upload.parts} once, in order`);
  }
  const digests = new Map(stored.map(({ part, sha256 }) => [part, sha256]));
  for (const { part, sha256 } of wanted) {
    const there = digests.get(part);
    if (there === undefined) throw uploadPartsMismatch(`part ${part} is not there; upload it first`);
    if (there !== sha256) throw uploadPartsMismatch(`part ${part} has sha256 ${there}`);
  }
}

const digestOf = (parts: readonly PartDigest[]): string =>
  createHash('sha256')
    .update(parts.map(({ part, sha256 }) => `${part}:${sha256}`).join('\n'))
    .digest('hex');

/**
 * Makes one file of the parts, which becomes visible at once. Each part is compared with its digest while it is read. A repeat, until the upload
 * expires, is answered as the first time; after a failure the parts are still there, and it can be tried again.
 * @throws {NotFoundError} reason UPLOAD_NOT_FOUND. @throws {InvalidArgumentError} reason UPLOAD_PARTS_MISMATCH, also of a repeat with other parts.
 * @throws {UnavailableError} reason UPLOADS_BUSY. @throws {ExhaustedError} reason ARTIFACT_TOO_LARGE.
 */
export async function completeMultipartUpload(
  call: Call,
  { uploadId, parts: wanted }: { readonly uploadId: string; readonly parts: readonly PartDigest[] },
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const { multipart, uploads } = deps;
  const upload = await multipart.find(call.caller, uploadId);
  if (!upload || upload.state.kind === 'aborted') throw uploadNotFound(uploadId);
  const partsDigest = digestOf(wanted);
  if (upload.state.kind === 'open') {
    if (!uploads.tryEnter()) throw uploadsBusy(uploads.places);
    try {
      return await joinParts(call, { upload, wanted, partsDigest }, deps, signal);
    } catch (error) {
      const now = await multipart.find(call.caller, uploadId);
      if (now?.state.kind === 'completed') return answerOf(now, partsDigest); // the same call came twice, and the other one was faster
      throw error;
    } finally {
      uploads.leave();
    }
  }
  return answerOf(upload, partsDigest);
}

function answerOf(upload: MultipartUpload, partsDigest: string): ArtifactFile {
  const file = completedFile(upload);
  if (!file || upload.state.kind !== 'completed') throw uploadNotFound(upload.uploadId);
  if (upload.state.partsDigest !== partsDigest) throw uploadPartsMismatch('the upload was completed with other parts');
  return file;
}

interface Completion {
  readonly upload: MultipartUpload;
  readonly wanted: readonly PartDigest[];
  readonly partsDigest: string;
}

async function joinParts(
  call: Call,
  { upload, wanted, partsDigest }: Completion,
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const { multipart, parts, files, limits } = deps;
  const { workspace } = call.caller;
  const key = keyOf(call, upload.uploadId);
  assertParts(upload, wanted, await parts.list(key, signal));
  const { home, path } = await writablePlace(call, namedBy(upload), deps);
  const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield* parts.join(key, wanted, signal);
    await writablePlace(call, namedBy(upload), deps);
    await findOpen(call, upload.uploadId, deps);
  };
  const stored = await files.write(workspace, home, path, content(), limits.artifactBytesMax, signal);
  const { sha256, bytes } = stored;
  const details = { path, sha256, bytes: bytes.toString(), parts: wanted.length.toString() };
  const audit = { action: 'tracking.artifacts.write', resource: home.resource, details };
  const closed = await multipart.close(call, upload.uploadId, { kind: 'completed', partsDigest, bytes, sha256 }, audit);
  await removeParts(key, deps, signal);
  return answerOf(closed, partsDigest);
}

/** What cannot be removed now goes when the upload expires, so the answer does not depend on it. */
async function removeParts(key: UploadKey, { parts }: TrackingDependencies, signal: AbortSignal): Promise<void> {
  await parts.remove(key, signal).catch(() => undefined);
}

/** Removes the parts; idempotent, and nothing where there is no such upload. A completed one stays. */
export async function abortMultipartUpload(
  call: Call,
  { uploadId }: { readonly uploadId: string },
  deps: TrackingDependencies,
  signal: AbortSignal,
): Promise<void> {
  const upload = await deps.multipart.find(call.caller, uploadId);
  if (!upload || upload.state.kind === 'completed') return;
  const details = { path: upload.path };
  const resource = `uploads/${uploadId}`;
  const closed = await deps.multipart.close(
    call,
    uploadId,
    { kind: 'aborted' },
    { action: 'tracking.uploads.abort', resource, details },
  );
  if (closed.state.kind === 'aborted') await removeParts(keyOf(call, uploadId), deps, signal);
}

const EXPIRED_AT_ONCE = 100;

/** Removes what is left of expired uploads. @returns how many; fewer than there are when one cannot be removed. */
export async function sweepUploads(
  { multipart, parts }: Pick<TrackingDependencies, 'multipart' | 'parts'>,
  signal: AbortSignal,
): Promise<number> {
  const expired = await multipart.expired(EXPIRED_AT_ONCE);
  for (const key of expired) {
    signal.throwIfAborted();
    await parts.remove(key, signal); // before the row, which is what says that they are there
    await multipart.forget(key.workspace, key.uploadId);
  }
  return expired.length;
}
