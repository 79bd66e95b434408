import { DATATYPES, FailedPreconditionError, type ModelSignature, type TensorSpec } from '@slipway/plugin-kit';

/** A step of a model. Elementwise steps and `linear` work on FP32; `lookup` takes INT64 and gives FP32; `identity` takes all. */
export type Node =
  | { readonly op: 'identity'; readonly inputs: readonly string[]; readonly output: string }
  | { readonly op: 'add' | 'multiply'; readonly inputs: readonly string[]; readonly output: string }
  | {
      readonly op: 'lookup';
      readonly inputs: readonly string[];
      readonly output: string;
      readonly table: readonly number[];
    }
  /** Rows [n, k] times `weights` [k] plus `bias`: [n, 1]. */
  | {
      readonly op: 'linear';
      readonly inputs: readonly string[];
      readonly output: string;
      readonly weights: readonly number[];
      readonly bias: number;
    };

/** The content of a `tensor-json` file: nodes in the order in which they are computed. */
export interface ModelFile extends ModelSignature {
  readonly format: 'tensor-json';
  readonly version: 1;
  readonly nodes: readonly Node[];
}

const INPUTS: Readonly<Record<Node['op'], number>> = { identity: 1, add: 2, multiply: 2, lookup: 1, linear: 1 };
const NODES_MAX = 10_000;

const refuse = (cause: string): never => {
  throw new FailedPreconditionError(`the model cannot be loaded: ${cause}`, {
    reason: 'MODEL_UNREADABLE',
    facts: { cause },
  });
};

/** @throws {FailedPreconditionError} with the first thing that is wrong in `facts.cause`. */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const file = parse(bytes);
  if (file?.format !== 'tensor-json' || file.version !== 1) return refuse('it is no tensor-json of version 1');
  const { inputs, nodes, outputs } = file;
  if (!isSpecs(inputs)) return refuse('inputs are a list of {name, datatype, shape}');
  if (!isSpecs(outputs)) return refuse('outputs are a list of {name, datatype, shape}');
  if (!Array.isArray(nodes) || nodes.length > NODES_MAX) return refuse(`nodes are a list of at most ${NODES_MAX}`);
  const known = new Set(inputs.map(({ name }) => name));
  for (const [index, node] of nodes.entries()) checkNode(node, `nodes[${index}]`, known);
  for (const { name } of outputs) if (!known.has(name)) refuse(`no node computes the output '${name}'`);
  return file as ModelFile;
}

function parse(bytes: Uint8Array): Partial<ModelFile> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(text) as Partial<ModelFile> | null; // checked by the caller
  } catch {
    return refuse('it is not JSON');
  }
}

function checkNode(node: Node | null, at: string, known: Set<string>): void {
  if (node === null || typeof node !== 'object' || !Object.hasOwn(INPUTS, node.op))
    return refuse(`${at} has no op of ${Object.keys(INPUTS).join(', ')}`);
  if (!Array.isArray(node.inputs) || node.inputs.length !== INPUTS[node.op])
    return refuse(`${at} takes ${INPUTS[node.op]} inputs`);
  const missing = node.inputs.find((name) => !known.has(name));
  if (missing !== undefined) return refuse(`${at} needs '${missing}', which nothing before it computes`);
  if (typeof node.output !== 'string' || known.has(node.output)) return refuse(`${at} needs an output of a new name`);
  if (node.op === 'lookup' && !isNumbers(node.table)) return refuse(`${at} needs a table of numbers`);
  if (node.op === 'linear' && !(isNumbers(node.weights) && isNumbers([node.bias])))
    return refuse(`${at} needs weights and a bias`);
  known.add(node.output);
}

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'number');

const isSpecs = (value: unknown): value is readonly TensorSpec[] =>
  Array.isArray(value) &&
  value.every((item: Partial<TensorSpec> | null) => {
    if (typeof item?.name !== 'string' || !isNumbers(item.shape)) return false;
    return (DATATYPES as readonly unknown[]).includes(item.datatype);
  });
