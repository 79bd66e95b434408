import { DomainError, formatMicros, InvalidArgumentError, type FieldViolation, type Micros } from '@slipway/kernel';
import { parseManifest, type JsonObject, type PackageFile, type PackageManifest } from '@slipway/model-package';
import type { ModelSignature } from '@slipway/plugin-kit';
import { packageTooLarge, type RegistryErrorReason } from '../errors.ts';
import type { RegistryLimits } from '../limits.ts';
import { createTags, type Tags } from '../tags.ts';

/** What an upload says about itself, as it was sent. */
export interface UploadHeader {
  readonly model: string;
  readonly description: string;
  readonly tags: Tags;
  /** In the order in which they follow. */
  readonly files: readonly PackageFile[];
  readonly graph: string;
  readonly features: readonly string[];
  readonly runId: string;
  readonly trainingSetId: string;
  /** JSON objects; empty means {}. */
  readonly preprocessingJson: string;
  readonly postprocessingJson: string;
  readonly requestId: string;
}

/** An upload that may begin. */
export interface PackageDraft extends Omit<UploadHeader, 'preprocessingJson' | 'postprocessingJson'> {
  readonly graphFile: PackageFile;
  readonly preprocessing: JsonObject;
  readonly postprocessing: JsonObject;
}

/** What only the end of an upload knows. */
export interface PackageSeal {
  readonly workspace: string;
  readonly version: bigint;
  readonly signature: ModelSignature;
  readonly createTime: Micros;
}

/**
 * Checks all that can be checked before the first byte is stored.
 * @throws {InvalidArgumentError} reason PACKAGE_INVALID, every violation by its field. @throws {ExhaustedError} reason PACKAGE_TOO_LARGE.
 */
export function checkHeader(header: UploadHeader, workspace: string, limits: RegistryLimits): PackageDraft {
  const { preprocessingJson, postprocessingJson, ...rest } = header;
  const draft = {
    ...rest,
    tags: createTags(header.tags),
    preprocessing: readObject('preprocessing_json', preprocessingJson),
    postprocessing: readObject('postprocessing_json', postprocessingJson),
  };
  assertManifestForm(draft, workspace);
  const graphFile = draft.files.find(({ path }) => path === draft.graph);
  if (!graphFile) throw invalid([{ field: 'graph', description: 'must be the path of one of the files' }]);
  assertBytes(draft.files, graphFile, limits);
  return { ...draft, graphFile };
}

/** What a package is made of, whoever brings it. */
export type PackageContent = Omit<PackageDraft, 'graphFile' | 'requestId'>;

export function sealManifest(draft: PackageContent, seal: PackageSeal): PackageManifest {
  const { model, files, graph, features, preprocessing, postprocessing, trainingSetId, runId } = draft;
  return {
    formatVersion: 1,
    workspace: seal.workspace,
    model,
    version: Number(seal.version),
    files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    graph,
    signature: seal.signature,
    features,
    preprocessing,
    postprocessing,
    trainingSetId,
    runId,
    createdAt: formatMicros(seal.createTime),
  };
}

function readObject(field: string, text: string): JsonObject {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid([{ field, description: 'is not JSON' }], cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid([{ field, description: 'must be a JSON object' }]);
}

function invalid(violations: readonly FieldViolation[], cause?: unknown): InvalidArgumentError {
  const reason: RegistryErrorReason = 'PACKAGE_INVALID';
  return new InvalidArgumentError(violations, { reason, cause });
}

/** Stands in for what the graph will say. */
export const NO_SIGNATURE: ModelSignature = { inputs: [], outputs: [] };
const ANY_SIGNATURE: ModelSignature = { inputs: [], outputs: [{ name: 'any', datatype: 'FP32', shape: [] }] };
const FIELD_OF: Readonly<Record<string, string>> = {
  preprocessing: 'preprocessing_json',
  postprocessing: 'postprocessing_json',
  trainingSetId: 'training_set_id',
  runId: 'run_id',
};

/** The rules of the manifest hold for the header, too; they are asked with a seal of no meaning and told in the words of the header. */
export function assertManifestForm(draft: PackageContent, workspace: string): void {
  const signature = draft.graph === '' ? NO_SIGNATURE : ANY_SIGNATURE;
  try {
    parseManifest(sealManifest(draft, { workspace, version: 1n, signature, createTime: 0n }));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw invalid(
      error.violations.map(({ field, description }) => ({ field: FIELD_OF[field] ?? field, description })),
      error,
    );
  }
}

/** @throws {ExhaustedError} reason PACKAGE_TOO_LARGE, naming the setting. */
export function assertBytes(
  files: readonly PackageFile[],
  graph: PackageFile | undefined,
  limits: RegistryLimits,
): void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > limits.packageBytesMax) {
    throw packageTooLarge(
      `the files have ${total} bytes; a package may have ${limits.packageBytesMax} (registry.package-bytes-max)`,
      {
        bytes: total.toString(),
        bytes_max: limits.packageBytesMax.toString(),
      },
    );
  }
  if (graph && graph.bytes > limits.graphBytesMax) {
    throw packageTooLarge(
      `graph '${graph.path}' has ${graph.bytes} bytes; a graph may have ${limits.graphBytesMax} (registry.graph-bytes-max); keep large weights in external data`,
      { file: graph.path, bytes: graph.bytes.toString(), bytes_max: limits.graphBytesMax.toString() },
    );
  }
}
