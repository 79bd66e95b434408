import { quoted, type Inspection } from './inspection.ts';
import { inspectSparseTensor, inspectTensor } from './inspect-tensor.ts';
import type { OnnxGraph, OnnxNode } from './onnx-model.ts';

/** Names that a node may use: the values of its own graph produced so far, then those of the graphs around it. */
class Scope {
  private readonly names = new Set<string>();
  private readonly outer: Scope | undefined;

  constructor(outer: Scope | undefined) {
    this.outer = outer;
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false);
  }

  hasOwn(name: string): boolean {
    return this.names.has(name);
  }

  add(name: string): void {
    this.names.add(name);
  }
}

/**
 * Checks one graph and the graphs in its attributes: static single assignment, inputs produced before they are used (hence no cycle), known
 * domains, stored tensors. Nodes must be sorted topologically, as the ONNX specification says.
 */
export function inspectScope(graph: OnnxGraph, path: string, inspection: Inspection, outer?: Scope): void {
  const scope = new Scope(outer);
  declareInputs(graph, path, scope, inspection);
  for (const [index, node] of graph.nodes.entries()) {
    inspection.nodeCount += 1;
    if (inspection.nodeCount > inspection.limits.nodesMax) {
      inspection.refuse(path, `has more than ${inspection.limits.nodesMax} nodes`);
      return inspection.finish();
    }
    inspectNode(node, `${path}.node[${index}]`, scope, inspection);
  }
  for (const [index, output] of graph.outputs.entries()) {
    if (!scope.has(output.name)) {
      inspection.refuse(`${path}.output[${index}]`, `no node produces ${quoted(output.name)}`);
    }
  }
  return undefined;
}

function declareInputs(graph: OnnxGraph, path: string, scope: Scope, inspection: Inspection): void {
  for (const [index, { name }] of graph.inputs.entries()) {
    const at = `${path}.input[${index}].name`;
    if (name === '') inspection.refuse(at, 'is empty');
    else if (scope.hasOwn(name)) inspection.refuse(at, `${quoted(name)} is declared twice`);
    scope.add(name);
  }
  const stored = new Set<string>();
  const declareStored = (name: string, at: string): void => {
    if (name === '') inspection.refuse(at, 'needs a name');
    else if (stored.has(name)) inspection.refuse(at, `${quoted(name)} is declared twice`);
    stored.add(name);
    scope.add(name); // an input of the same name only has this as its default
  };
  for (const [index, tensor] of graph.initializers.entries()) {
    const at = `${path}.initializer[${index}]`;
    declareStored(tensor.name, `${at}.name`);
    inspectTensor(tensor, at, inspection);
  }
  for (const [index, sparse] of graph.sparseInitializers.entries()) {
    const at = `${path}.sparse_initializer[${index}]`;
    declareStored(sparse.values?.name ?? '', `${at}.values.name`);
    inspectSparseTensor(sparse, at, inspection);
  }
}

function inspectNode(node: OnnxNode, path: string, scope: Scope, inspection: Inspection): void {
  const domain = node.domain === 'ai.onnx' ? '' : node.domain;
  if (node.opType === '') inspection.refuse(`${path}.op_type`, 'is empty');
  if (!inspection.domains.has(domain)) {
    inspection.refuse(`${path}.domain`, `${quoted(domain || 'ai.onnx')} is not among the model's opset_import`);
  }
  for (const [index, name] of node.inputs.entries()) {
    if (name !== '' && !scope.has(name)) {
      inspection.refuse(
        `${path}.input[${index}]`,
        `${quoted(name)} is produced by no input, initializer or earlier node; sort the nodes topologically`,
      );
    }
  }
  for (const [index, attribute] of node.attributes.entries()) {
    const at = `${path}.attribute[${index}]`;
    if (attribute.isReference) inspection.refuse(`${at}.ref_attr_name`, 'is for functions only');
    for (const [i, tensor] of attribute.tensors.entries()) inspectTensor(tensor, `${at}.tensor[${i}]`, inspection);
    for (const [i, sparse] of attribute.sparseTensors.entries()) {
      inspectSparseTensor(sparse, `${at}.sparse_tensor[${i}]`, inspection);
    }
    for (const [i, graph] of attribute.graphs.entries()) inspectScope(graph, `${at}.graph[${i}]`, inspection, scope);
  }
  for (const [index, name] of node.outputs.entries()) {
    if (name === '') continue; // an optional output that nobody wants
    if (scope.has(name)) inspection.refuse(`${path}.output[${index}]`, `${quoted(name)} is produced twice`);
    scope.add(name);
  }
}
