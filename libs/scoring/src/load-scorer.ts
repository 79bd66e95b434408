import { createHash } from 'node:crypto';
import { canonicalJson, DataLossError, FailedPreconditionError } from '@slipway/kernel';
import type { ModelRuntime } from '@slipway/plugin-kit';
import {
  decodeEnvelope,
  inspectGraph,
  verifyEnvelope,
  type Envelope,
  type GraphLimits,
  type InspectedGraph,
  type PackageFile,
  type PackageManifest,
  type TrustedKey,
} from '@slipway/model-package';
import { Scorer } from './scorer.ts';

export interface ScorerSource {
  /** As stored, or already parsed. */
  readonly envelope: Uint8Array | Envelope;
  /** Whole content of a file of the package; need not be trusted. `bytes` is what the manifest says, a bound for the reader. */
  readonly readFile: (path: string, bytes: number, signal: AbortSignal) => Promise<Uint8Array>;
  readonly trustedKeys: readonly TrustedKey[];
  readonly runtime: ModelRuntime;
  /** The version that was asked for: a valid package of another one is refused. */
  readonly expected: { readonly workspace: string; readonly model: string; readonly version: number };
  /** Bounds on the graph, default `DEFAULT_GRAPH_LIMITS`. */
  readonly limits?: Partial<GraphLimits>;
  readonly signal: AbortSignal;
}

/**
 * Verifies a package from its signature down to every byte, then loads its graph. Nothing is handed to the runtime before all checks passed.
 * @throws {DataLossError} ENVELOPE_INVALID, SIGNATURE_INVALID, MANIFEST_INVALID, FILE_DIGEST_MISMATCH, SIGNATURE_MISMATCH (of the graph).
 * @throws {FailedPreconditionError} UNTRUSTED_SIGNER, PACKAGE_IDENTITY_MISMATCH, MODEL_WITHOUT_GRAPH, MODEL_EXTERNAL_DATA, or what the runtime says.
 * @throws {InvalidArgumentError} MODEL_GRAPH_INVALID.
 */
export async function loadScorer(source: ScorerSource): Promise<Scorer> {
  const { envelope, trustedKeys, expected, signal } = source;
  signal.throwIfAborted();
  const parsed = envelope instanceof Uint8Array ? decodeEnvelope(envelope) : envelope;
  const verified = verifyEnvelope(parsed, trustedKeys);
  assertIdentity(verified.manifest, expected);
  if (verified.manifest.graph === '') {
    throw new FailedPreconditionError('the package holds no ONNX graph, so that it cannot be served', {
      reason: 'MODEL_WITHOUT_GRAPH',
    });
  }
  const model = await readVerified(source, verified.manifest);
  const graph = inspectGraph(model, {
    ...(source.limits ? { limits: source.limits } : {}),
    packageFiles: verified.manifest.files,
  });
  assertGraph(verified.manifest, graph);
  return new Scorer(verified, graph, await source.runtime.load(model, 'onnx', signal));
}

function assertIdentity(manifest: PackageManifest, expected: ScorerSource['expected']): void {
  const name = ({ workspace, model, version }: ScorerSource['expected']): string => `${workspace}/${model}/${version}`;
  if (name(manifest) === name(expected)) return;
  throw new FailedPreconditionError(`the package is ${name(manifest)}, not ${name(expected)}`, {
    reason: 'PACKAGE_IDENTITY_MISMATCH',
    facts: { expected: name(expected), found: name(manifest) },
  });
}

/** Checks every file one after the other, so that at most one of them is in memory besides the graph. @returns the graph's bytes. */
async function readVerified(source: ScorerSource, manifest: PackageManifest): Promise<Uint8Array> {
  let graph: Uint8Array | undefined;
  for (const file of manifest.files) {
    const bytes = await source.readFile(file.path, file.bytes, source.signal);
    source.signal.throwIfAborted();
    assertContent(file, bytes);
    if (file.path === manifest.graph) graph = bytes;
  }
  if (!graph) throw new Error('a manifest without its graph file does not pass its own checks');
  return graph;
}

function assertContent(file: PackageFile, bytes: Uint8Array): void {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length === file.bytes && sha256 === file.sha256) return;
  throw new DataLossError(`'${file.path}' is not the file that was signed`, {
    reason: 'FILE_DIGEST_MISMATCH',
    facts: {
      path: file.path,
      expectedBytes: `${file.bytes}`,
      bytes: `${bytes.length}`,
      expectedSha256: file.sha256,
      sha256,
    },
  });
}

function assertGraph(manifest: PackageManifest, graph: InspectedGraph): void {
  if (canonicalJson(graph.signature) !== canonicalJson(manifest.signature)) {
    throw new DataLossError("the graph's inputs and outputs are not those of the manifest", {
      reason: 'SIGNATURE_MISMATCH',
      facts: { manifest: canonicalJson(manifest.signature), graph: canonicalJson(graph.signature) },
    });
  }
  if (graph.externalFiles.length > 0) {
    throw new FailedPreconditionError('the graph keeps tensors in other files; save it as a single file', {
      reason: 'MODEL_EXTERNAL_DATA',
      facts: { files: graph.externalFiles.join(', ') },
    });
  }
}
