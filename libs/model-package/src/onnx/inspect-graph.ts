import { InvalidArgumentError } from '@slipway/kernel';
import type { ModelSignature } from '@slipway/plugin-kit';
import { decodeModel } from './decode-model.ts';
import { DEFAULT_GRAPH_LIMITS, Inspection, quoted, type GraphLimits, type PackageFileSize } from './inspection.ts';
import { inspectScope } from './inspect-scope.ts';
import { inspectSignature, type DimensionNames } from './inspect-signature.ts';
import type { OnnxModel } from './onnx-model.ts';

/** What a graph says about itself, read without running it. */
export interface InspectedGraph {
  /** Datatypes in Open Inference names; -1 for a dimension without a fixed size. */
  readonly signature: ModelSignature;
  /** One list for each input of the signature: the name of each symbolic dimension. */
  readonly inputDimensionNames: DimensionNames;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Nodes of all graphs, the nested ones too. */
  readonly nodeCount: number;
  /** Elements of all stored tensors. */
  readonly parameterCount: number;
  readonly irVersion: number;
  readonly producer: string;
  /** Files of the package that hold tensor values outside the graph file. */
  readonly externalFiles: readonly string[];
}

export interface InspectOptions {
  readonly limits?: Partial<GraphLimits>;
  /** Files that external data may name; none when absent. */
  readonly packageFiles?: readonly PackageFileSize[];
}

const IR_VERSION = { min: 3n, max: 13n };
/** Inclusive versions per domain. Any other domain needs a library of custom operators, which is code. */
const OPSETS: ReadonlyMap<string, { min: bigint; max: bigint }> = new Map([
  ['', { min: 7n, max: 25n }],
  ['ai.onnx.ml', { min: 1n, max: 5n }],
]);

/**
 * Checks an ONNX file without running it: sizes, versions, domains, names, order, stored tensors, external data. Local functions are
 * refused (the runtime expands them, which may grow without bound; `onnx.inliner` removes them), and so is training information.
 * @throws {InvalidArgumentError} reason MODEL_GRAPH_INVALID, with up to 20 violations by path, e.g. `graph.node[3].input[0]`.
 */
export function inspectGraph(bytes: Uint8Array, options: InspectOptions = {}): InspectedGraph {
  const limits = { ...DEFAULT_GRAPH_LIMITS, ...options.limits };
  if (bytes.length > limits.modelBytesMax) {
    throw InvalidArgumentError.of('model', `has ${bytes.length} bytes; a graph may have ${limits.modelBytesMax}`, {
      reason: 'MODEL_GRAPH_INVALID',
    });
  }
  const model = decodeModel(bytes, limits);
  const inspection = new Inspection(limits, options.packageFiles ?? []);
  const opsets = inspectHeader(model, inspection);
  if (!model.graph) {
    inspection.refuse('graph', 'is missing: the file is empty or not an ONNX model');
    inspection.finish();
    throw new Error('unreachable: the refusal above is thrown by finish');
  }
  const { inputs, outputs, inputDimensionNames } = inspectSignature(model.graph, inspection);
  inspectScope(model.graph, 'graph', inspection);
  inspection.finish();
  return {
    signature: { inputs, outputs },
    inputDimensionNames,
    opsets,
    nodeCount: inspection.nodeCount,
    parameterCount: Number(inspection.parameterCount),
    irVersion: Number(model.irVersion),
    producer: model.producer.slice(0, 128),
    externalFiles: [...inspection.externalFiles].sort(),
  };
}

function inspectHeader(model: OnnxModel, inspection: Inspection): { domain: string; version: number }[] {
  if (model.irVersion < IR_VERSION.min || model.irVersion > IR_VERSION.max) {
    inspection.refuse('ir_version', `${model.irVersion} is outside ${IR_VERSION.min} to ${IR_VERSION.max}`);
  }
  if (model.functionCount > 0) inspection.refuse('functions', 'are not supported; inline them with onnx.inliner');
  if (model.trainingInfoCount > 0) inspection.refuse('training_info', 'is not supported; export for inference');
  if (model.opsets.length === 0) inspection.refuse('opset_import', 'is empty');
  model.opsets.forEach(({ domain: written, version }, index) => {
    const domain = written === 'ai.onnx' ? '' : written;
    const at = `opset_import[${index}]`;
    const known = OPSETS.get(domain);
    if (!known) inspection.refuse(at, `domain ${quoted(domain)} needs custom operators, which are not supported`);
    else if (version < known.min || version > known.max) {
      const name = domain || 'ai.onnx';
      inspection.refuse(at, `version ${version} of ${name} is outside ${known.min} to ${known.max}`);
    }
    const imported = inspection.domains.get(domain); // the same once more is harmless, and skl2onnx writes it
    if (imported !== undefined && imported !== version)
      inspection.refuse(at, `domain ${quoted(domain)} is imported twice, as version ${imported} and ${version}`);
    inspection.domains.set(domain, version);
  });
  return [...inspection.domains].map(([domain, version]) => ({
    domain: domain || 'ai.onnx',
    version: Number(version),
  }));
}
