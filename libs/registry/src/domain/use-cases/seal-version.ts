import {
  inspectGraph,
  packageDigest,
  signManifest,
  type InspectedGraph,
  type PackageFile,
} from '@slipway/model-package';
import type { ModelSignature } from '@slipway/plugin-kit';
import type { RegistryDependencies } from '../dependencies.ts';
import { uploadExpired } from '../errors.ts';
import { findVersion, lockModel, type VersionView } from '../lookup.ts';
import type { ModelVersion, VersionOrigin } from '../model-version.ts';
import type { Tags } from '../tags.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';
import { sealManifest, type PackageContent } from '../upload/package-header.ts';

/** What a repeat needs to tell the first answer; the rest of a version never changes. */
export interface CreatedVersion {
  readonly version: bigint;
  readonly description: string;
  readonly tags: Tags;
}

/** A version that only lacks its number. */
export interface ReceivedVersion {
  /** Without files: a version without a package. */
  readonly content: PackageContent;
  readonly origin: VersionOrigin;
  /** Of the graph; empty where there is none. */
  readonly signature: ModelSignature;
  /** When the files were claimed. */
  readonly claimTime: bigint;
}

class NotAnswered extends Error {}

/** The answer to an earlier call with this request id, before anything is stored. */
export async function findAnswer(
  call: Call,
  { method, requestId, request }: { method: string; requestId: string; request: object },
  { unitOfWork }: RegistryDependencies,
): Promise<CreatedVersion | undefined> {
  if (requestId === '') return undefined;
  try {
    return await unitOfWork.run(call, (tx) =>
      tx.once(method, requestId, request, () => Promise.reject(new NotAnswered())),
    );
  } catch (error) {
    if (error instanceof NotAnswered) return undefined; // the id is new: go on
    throw error;
  }
}

/** Sorted, so that two uploads which share files never wait for each other in a circle. */
export const digestsOf = (files: readonly PackageFile[]): string[] =>
  [...new Set(files.map(({ sha256 }) => sha256))].sort();

/** Reads a stored graph into memory and checks it. @throws {InvalidArgumentError} reason MODEL_GRAPH_INVALID. */
export async function inspectStored(
  { caller }: Call,
  { files, graphFile }: { files: readonly PackageFile[]; graphFile: PackageFile },
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

/** Gives it the next number, signs its manifest and stores it. @throws {ConflictError} reason UPLOAD_EXPIRED. @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export async function sealVersion(
  tx: RegistryTransaction,
  { caller }: Call,
  { content, origin, signature, claimTime }: ReceivedVersion,
  { signingKey, limits }: RegistryDependencies,
): Promise<CreatedVersion> {
  const model = await lockModel(tx, content.model);
  // half of what the sweeper waits: clocks of two servers may differ, but not by that much
  const expired = tx.now - claimTime > BigInt(Math.floor(limits.unusedBlobMs / 2)) * 1000n;
  const isHeld = content.files.length === 0 || (!expired && (await tx.blobs.hold(digestsOf(content.files))));
  if (!isHeld) throw uploadExpired(content.model);
  const number = model.lastVersion + 1n;
  const seal = { workspace: caller.workspace, version: number, signature, createTime: tx.now };
  const manifest = content.files.length === 0 ? undefined : sealManifest(content, seal);
  const version: ModelVersion = {
    ...content,
    ...origin,
    files: manifest?.files ?? [],
    version: number,
    digest: manifest ? packageDigest(manifest) : '',
    signature,
    principal: caller.principal,
    createTime: tx.now,
    updateTime: tx.now,
    signingKeyId: manifest ? signingKey.keyId : '',
    stage: 'none',
  };
  await tx.models.update({ ...model, lastVersion: number });
  await tx.versions.insert(version, manifest && signManifest(manifest, signingKey));
  const { digest, runId, trainingSetId, principal } = version;
  const fact = { model: model.name, version: number, digest, runId, trainingSetId, principal };
  tx.events.add({ kind: 'version-created', ...fact });
  const resource = `models/${model.name}/versions/${number}`;
  tx.audit.add({ action: 'registry.versions.create', resource, details: { digest } });
  return { version: number, description: version.description, tags: version.tags };
}

/** The version as the first answer told it. */
export async function viewCreated(
  { caller }: Call,
  model: string,
  { version, description, tags }: CreatedVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<VersionView> {
  return unitOfWork.read(caller, async (reads) => {
    const found = await findVersion(reads, model, version);
    return { version: { ...found, description, tags, stage: 'none', updateTime: found.createTime }, aliases: [] };
  });
}
