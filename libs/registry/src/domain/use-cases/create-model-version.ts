import { packageDigest, signManifest, inspectGraph, type InspectedGraph } from '@slipway/model-package';
import type { RegistryDependencies } from '../dependencies.ts';
import { uploadExpired, uploadsBusy } from '../errors.ts';
import { findModel, findVersion, lockModel, type VersionView } from '../lookup.ts';
import type { ModelVersion } from '../model-version.ts';
import type { Tags } from '../tags.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';
import { checkHeader, sealManifest, type PackageDraft } from '../upload/package-header.ts';
import { UploadReader, type UploadPart } from '../upload/upload-reader.ts';

const METHOD = 'registry.CreateModelVersion';

/** What a repeat needs to tell the first answer; the rest of a version never changes. */
interface CreatedVersion {
  readonly version: bigint;
  readonly description: string;
  readonly tags: Tags;
}

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
    const created = (await findAnswer(call, draft, deps)) ?? (await receive(call, draft, reader, deps, signal));
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

class NotAnswered extends Error {}

/** The answer to an earlier call with this request id, before anything is stored. */
async function findAnswer(
  call: Call,
  draft: PackageDraft,
  { unitOfWork }: RegistryDependencies,
): Promise<CreatedVersion | undefined> {
  if (draft.requestId === '') return undefined;
  try {
    return await unitOfWork.run(call, (tx) =>
      tx.once(METHOD, draft.requestId, requestOf(draft), () => Promise.reject(new NotAnswered())),
    );
  } catch (error) {
    if (error instanceof NotAnswered) return undefined; // the id is new: go on
    throw error;
  }
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
    await tx.blobs.claim(digestsOf(draft));
    return tx.now;
  });
  for (const [index, file] of draft.files.entries()) {
    await deps.packages.write(call.caller.workspace, file, reader.content(file, index), signal);
  }
  await reader.end();
  const inspected = await inspect(call, draft, deps, signal);
  return deps.unitOfWork.run(call, (tx) =>
    tx.once(METHOD, draft.requestId, requestOf(draft), () => {
      return commit(tx, call, { draft, inspected, claimTime }, deps);
    }),
  );
}

/** Sorted, so that two uploads which share files never wait for each other in a circle. */
const digestsOf = ({ files }: PackageDraft): string[] => [...new Set(files.map(({ sha256 }) => sha256))].sort();

async function inspect(
  { caller }: Call,
  { files, graphFile }: PackageDraft,
  { packages, inspections, limits }: RegistryDependencies,
  signal: AbortSignal,
): Promise<InspectedGraph> {
  await inspections.enter(signal);
  try {
    const graph = Buffer.alloc(graphFile.bytes);
    let offset = 0;
    for await (const chunk of packages.read(caller.workspace, graphFile, signal)) {
      graph.set(chunk, offset);
      offset += chunk.length;
    }
    const packageFiles = files.filter(({ path }) => path !== graphFile.path);
    return inspectGraph(graph, { limits: { modelBytesMax: limits.graphBytesMax }, packageFiles });
  } finally {
    inspections.leave();
  }
}

interface Received {
  readonly draft: PackageDraft;
  readonly inspected: InspectedGraph;
  /** When the files were claimed. */
  readonly claimTime: bigint;
}

async function commit(
  tx: RegistryTransaction,
  { caller }: Call,
  { draft, inspected, claimTime }: Received,
  { signingKey, limits }: RegistryDependencies,
): Promise<CreatedVersion> {
  const model = await lockModel(tx, draft.model);
  // half of what the sweeper waits: clocks of two servers may differ, but not by that much
  const expired = tx.now - claimTime > BigInt(Math.floor(limits.unusedBlobMs / 2)) * 1000n;
  if (expired || !(await tx.blobs.hold(digestsOf(draft)))) throw uploadExpired(draft.model);
  const number = model.lastVersion + 1n;
  const seal = { workspace: caller.workspace, version: number, signature: inspected.signature, createTime: tx.now };
  const manifest = sealManifest(draft, seal);
  const { requestId: _, graphFile: __, ...content } = draft;
  const version: ModelVersion = {
    ...content,
    files: manifest.files,
    version: number,
    digest: packageDigest(manifest),
    signature: inspected.signature,
    principal: caller.principal,
    createTime: tx.now,
    updateTime: tx.now,
    signingKeyId: signingKey.keyId,
  };
  await tx.models.update({ ...model, lastVersion: number });
  await tx.versions.insert(version, signManifest(manifest, signingKey));
  const { digest, runId, trainingSetId, principal } = version;
  tx.events.add({
    kind: 'version-created',
    model: model.name,
    version: number,
    digest,
    runId,
    trainingSetId,
    principal,
  });
  const resource = `models/${model.name}/versions/${number}`;
  tx.audit.add({ action: 'registry.versions.create', resource, details: { digest } });
  return { version: number, description: version.description, tags: version.tags };
}

async function viewCreated(
  { caller }: Call,
  model: string,
  { version, description, tags }: CreatedVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<VersionView> {
  return unitOfWork.read(caller, async (reads) => {
    const found = await findVersion(reads, model, version);
    return { version: { ...found, description, tags, updateTime: found.createTime }, aliases: [] };
  });
}
