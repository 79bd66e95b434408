import type { RegistryDependencies } from '../dependencies.ts';
import { uploadsBusy } from '../errors.ts';
import { findModel, type VersionView } from '../lookup.ts';
import { UPLOADED } from '../model-version.ts';
import type { Call } from '../unit-of-work.ts';
import { checkHeader, type PackageDraft } from '../upload/package-header.ts';
import { UploadReader, type UploadPart } from '../upload/upload-reader.ts';
import { digestsOf, findAnswer, inspectStored, sealVersion, viewCreated, type CreatedVersion } from './seal-version.ts';

const METHOD = 'registry.CreateModelVersion';

/**
 * Stores the files of a package, checks its graph, signs its manifest and creates the next version from it. Only the last step is visible:
 * a failure before it leaves files that no version names, and the sweeper removes them.
 * @throws {InvalidArgumentError} reason PACKAGE_INVALID, UPLOAD_*, MODEL_GRAPH_INVALID, REQUEST_ID_REUSED. @throws {NotFoundError} reason MODEL_NOT_FOUND.
 * @throws {ExhaustedError} reason PACKAGE_TOO_LARGE. @throws {UnavailableError} reason UPLOADS_BUSY. @throws {ConflictError} reason UPLOAD_EXPIRED.
 */
export async function createModelVersion(
  call: Call,
  parts: AsyncIterable<UploadPart>,
  deps: RegistryDependencies,
  signal: AbortSignal,
): Promise<VersionView> {
  const reader = new UploadReader(parts, deps.clock, deps.limits.uploadIdleMs);
  if (!deps.uploads.tryEnter()) {
    await reader.close();
    throw uploadsBusy(deps.uploads.places);
  }
  try {
    const draft = checkHeader(await reader.header(), call.caller.workspace, deps.limits);
    const created =
      (await findAnswer(call, { method: METHOD, requestId: draft.requestId, request: requestOf(draft) }, deps)) ??
      (await receive(call, draft, reader, deps, signal));
    return await viewCreated(call, draft.model, created, deps);
  } finally {
    deps.uploads.leave();
    await reader.close();
  }
}

/** What two requests with the same id have to share. */
function requestOf(draft: PackageDraft): object {
  const { requestId: _, ...request } = draft;
  return request;
}

async function receive(
  call: Call,
  draft: PackageDraft,
  reader: UploadReader,
  deps: RegistryDependencies,
  signal: AbortSignal,
): Promise<CreatedVersion> {
  const claimTime = await deps.unitOfWork.run(call, async (tx) => {
    await findModel(tx, draft.model);
    await tx.blobs.claim(digestsOf(draft.files));
    return tx.now;
  });
  for (const [index, file] of draft.files.entries()) {
    await deps.packages.write(call.caller.workspace, file, reader.content(file, index), signal);
  }
  await reader.end();
  const { signature } = await inspectStored(call, draft, deps, signal);
  const { requestId, graphFile: _, ...content } = draft;
  return deps.unitOfWork.run(call, (tx) =>
    tx.once(METHOD, requestId, requestOf(draft), () => {
      return sealVersion(tx, call, { content, origin: UPLOADED, signature, claimTime }, deps);
    }),
  );
}
