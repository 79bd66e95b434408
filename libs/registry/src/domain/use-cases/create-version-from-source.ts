import { createHash } from 'node:crypto';
import { assertPermitted, DomainError } from '@slipway/kernel';
import { PACKAGE_FILES_MAX, type PackageFile } from '@slipway/model-package';
import type { ModelSignature } from '@slipway/plugin-kit';
import type { RegistryDependencies } from '../dependencies.ts';
import { packageTooLarge, sourceEmpty, trackingNotConfigured, uploadsBusy, versionWithoutPackage } from '../errors.ts';
import type { RegistryLimits } from '../limits.ts';
import { findModel, selectVersion, type VersionView } from '../lookup.ts';
import type { VersionOrigin } from '../model-version.ts';
import { ML_MODEL_BYTES_MAX, ML_MODEL_FILE, onnxFileOf } from '../source/ml-model.ts';
import { readModelSource, type ModelSource } from '../source/model-source.ts';
import { packagePaths } from '../source/package-paths.ts';
import type { SourceFile, SourceFiles, SourceFolder } from '../source/source-files.ts';
import { createTags, TAGS_MAX, type Tags } from '../tags.ts';
import type { Call } from '../unit-of-work.ts';
import { assertBytes, assertManifestForm, NO_SIGNATURE, type PackageContent } from '../upload/package-header.ts';
import {
  digestsOf,
  findAnswer,
  inspectStored,
  sealVersion,
  viewCreated,
  type ReceivedVersion,
} from './seal-version.ts';

export interface CreateVersionFromSource extends VersionOrigin {
  readonly model: string;
  readonly runId: string;
  readonly description: string;
  readonly tags: Tags;
  readonly requestId: string;
}

const METHOD = 'registry.CreateModelVersionFromSource';
/** On a version whose ONNX graph this system does not run: why. */
export const GRAPH_REFUSED_TAG = 'slipway.graph.refused';

/**
 * The next version from files that are somewhere already. Those of ours are fetched and signed; a foreign source is only written down.
 * @throws {InvalidArgumentError} reason SOURCE_INVALID, PACKAGE_INVALID, REQUEST_ID_REUSED. @throws {NotFoundError} for model, run or version.
 * @throws {ExhaustedError} reason PACKAGE_TOO_LARGE. @throws {UnavailableError} reason UPLOADS_BUSY.
 * @throws {FailedPreconditionError} reason SOURCE_EMPTY, TRACKING_NOT_CONFIGURED, MODEL_WITHOUT_PACKAGE.
 */
export async function createVersionFromSource(
  call: Call,
  { requestId, ...request }: CreateVersionFromSource,
  deps: RegistryDependencies,
  signal: AbortSignal,
): Promise<VersionView> {
  const source = readModelSource(request.source);
  const draft: Draft = { ...request, tags: createTags(request.tags) };
  if (!deps.uploads.tryEnter()) throw uploadsBusy(deps.uploads.places);
  try {
    const answered = await findAnswer(call, { method: METHOD, requestId, request }, deps);
    if (answered) return await viewCreated(call, draft.model, answered, deps);
    const received = await receive(call, draft, source, deps, signal);
    const created = await deps.unitOfWork.run(call, (tx) =>
      tx.once(METHOD, requestId, request, () => sealVersion(tx, call, received, deps)),
    );
    return await viewCreated(call, draft.model, created, deps);
  } finally {
    deps.uploads.leave();
  }
}

type Draft = Omit<CreateVersionFromSource, 'requestId'>;
type Received = Promise<ReceivedVersion>;

async function receive(
  call: Call,
  draft: Draft,
  source: ModelSource,
  deps: RegistryDependencies,
  signal: AbortSignal,
): Received {
  await deps.unitOfWork.read(call.caller, (reads) => findModel(reads, draft.model));
  switch (source.kind) {
    case 'foreign':
      return { content: contentOf(draft), origin: originOf(draft), signature: NO_SIGNATURE, claimTime: 0n };
    case 'version':
      return copyOf(call, draft, { model: source.model, selector: { version: source.version } }, deps);
    case 'alias':
      return copyOf(call, draft, { model: source.model, selector: { alias: source.alias } }, deps);
    case 'artifacts': {
      const { workspace } = call.caller;
      if (!deps.sources) throw trackingNotConfigured();
      assertPermitted(call.caller, 'tracking.artifacts.read'); // files of a run are nobody's but for those who may read runs
      return fetched(call, draft, { folder: { ...source, workspace }, files: deps.sources }, deps, signal);
    }
  }
}

const contentOf = ({ model, description, tags, runId }: Draft): PackageContent => ({
  model,
  description,
  tags,
  files: [],
  graph: '',
  features: [],
  runId,
  trainingSetId: '',
  preprocessing: {},
  postprocessing: {},
});

const originOf = ({ source, runLink, loggedModelId, userId }: Draft): VersionOrigin => {
  return { source, runLink, loggedModelId, userId };
};

/** The same files once more: they are here, and what was signed is what was checked. */
async function copyOf(
  call: Call,
  draft: Draft,
  { model, selector }: { model: string; selector: { version: bigint } | { alias: string } },
  { unitOfWork }: RegistryDependencies,
): Received {
  return unitOfWork.run(call, async (tx) => {
    const original = await selectVersion(tx, model, selector);
    if (original.digest === '') throw versionWithoutPackage(original.model, original.version);
    await tx.blobs.claim(digestsOf(original.files));
    const { files, graph, features, trainingSetId, preprocessing, postprocessing, signature } = original;
    const runId = draft.runId === '' ? original.runId : draft.runId;
    const content = {
      ...contentOf(draft),
      files,
      graph,
      features,
      trainingSetId,
      preprocessing,
      postprocessing,
      runId,
    };
    return { content, origin: originOf(draft), signature, claimTime: tx.now };
  });
}

interface Origin {
  readonly folder: SourceFolder;
  readonly files: SourceFiles;
}

async function fetched(
  call: Call,
  draft: Draft,
  origin: Origin,
  deps: RegistryDependencies,
  signal: AbortSignal,
): Received {
  const found = await listAll(origin, draft.source, deps.limits, signal);
  const paths = packagePaths(found.map(({ path }) => path));
  const files: PackageFile[] = [];
  for (const [index, { path, bytes, sha256 }] of found.entries()) {
    const digest = sha256 === '' ? await digestOf(origin, path, signal) : sha256;
    files.push({ path: paths[index] ?? '', bytes, sha256: digest });
  }
  const claimTime = await deps.unitOfWork.run(call, async (tx) => {
    await tx.blobs.claim(digestsOf(files));
    return tx.now;
  });
  for (const [index, { path }] of found.entries()) {
    const file = files[index];
    if (!file) throw new Error('a file of the package for each file that was found');
    await deps.packages.write(origin.folder.workspace, file, origin.files.read(origin.folder, path, signal), signal);
  }
  const onnxFile = await onnxFileAt(origin, found, signal);
  const graphFile = files[found.findIndex(({ path }) => path === onnxFile)];
  const graph = await readGraph(call, { files, graphFile }, deps, signal);
  const tags = graph.refused === '' ? draft.tags : tagged(draft.tags, graph.refused);
  const content = { ...contentOf(draft), tags, files, graph: graph.path };
  assertManifestForm(content, origin.folder.workspace);
  return { content, origin: originOf(draft), signature: graph.signature, claimTime };
}

/** Sorted by path, so that the same files make the same package. */
async function listAll(
  { folder, files }: Origin,
  source: string,
  limits: RegistryLimits,
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const found: SourceFile[] = [];
  for await (const file of files.list(folder, signal)) {
    found.push(file);
    if (found.length > PACKAGE_FILES_MAX) {
      const facts = { files_max: PACKAGE_FILES_MAX.toString() };
      throw packageTooLarge(
        `there are more than ${PACKAGE_FILES_MAX} files at the source; a package has no more`,
        facts,
      );
    }
  }
  if (found.length === 0) throw sourceEmpty(source);
  assertBytes(found, undefined, limits);
  return found.sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function digestOf({ folder, files }: Origin, path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of files.read(folder, path, signal)) hash.update(chunk);
  return hash.digest('hex');
}

/** What the description of the model calls its ONNX file; undefined where it has none. */
async function onnxFileAt(
  { folder, files }: Origin,
  found: readonly SourceFile[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const description = found.find(({ path }) => path === ML_MODEL_FILE);
  if (!description || description.bytes > ML_MODEL_BYTES_MAX) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of files.read(folder, ML_MODEL_FILE, signal)) {
    bytes += chunk.length;
    if (bytes > ML_MODEL_BYTES_MAX) return undefined; // it grew since it was listed
    chunks.push(chunk);
  }
  return onnxFileOf(Buffer.concat(chunks).toString('utf8'));
}

/** A graph that this system does not run is no reason to refuse the version: it says why it cannot be served. */
async function readGraph(
  call: Call,
  { files, graphFile }: { files: readonly PackageFile[]; graphFile: PackageFile | undefined },
  deps: RegistryDependencies,
  signal: AbortSignal,
): Promise<{ path: string; signature: ModelSignature; refused: string }> {
  if (!graphFile) return { path: '', signature: NO_SIGNATURE, refused: '' };
  assertBytes(files, graphFile, deps.limits);
  try {
    const { signature } = await inspectStored(call, { files, graphFile }, deps, signal);
    return { path: graphFile.path, signature, refused: '' };
  } catch (error) {
    if (!(error instanceof DomainError) || error.reason !== 'MODEL_GRAPH_INVALID') throw error;
    return { path: '', signature: NO_SIGNATURE, refused: error.message };
  }
}

const tagged = (tags: Tags, refused: string): Tags =>
  Object.keys(tags).length < TAGS_MAX ? { ...tags, [GRAPH_REFUSED_TAG]: refused.slice(0, 1000).toWellFormed() } : tags;
