import { InvalidArgumentError } from '@slipway/kernel';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxSparseTensor, OnnxTensor } from './onnx-model.ts';
import { readTensor, readSparseTensor } from './decode-tensor.ts';
import { readValueInfo } from './decode-value-info.ts';
import { MessageReader } from './message-reader.ts';
import { WireError } from './wire-reader.ts';

export interface DecodeLimits {
  /** Graphs within graphs (If, Loop, Scan), the main graph being 1. */
  readonly subgraphDepthMax: number;
  /** Messages, texts and dimensions together; bounds memory, which a file of empty messages would multiply fifty-fold. */
  readonly partsMax: number;
}

/**
 * Reads a ModelProto without trusting it: time and memory are linear in the bytes, values of tensors are skipped, and what protobuf readers
 * disagree on (a singular field given twice) is refused, so that no other reader can see a different graph.
 * @throws {InvalidArgumentError} reason MODEL_GRAPH_INVALID, the field being the path of the broken message.
 */
export function decodeModel(bytes: Uint8Array, limits: DecodeLimits): OnnxModel {
  const reader = new MessageReader(bytes, limits.partsMax);
  try {
    return readModel(reader, limits);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const path = reader.path() || 'model';
    throw InvalidArgumentError.of(path, `not valid ONNX: ${error.message}, at byte ${error.offset}`, {
      reason: 'MODEL_GRAPH_INVALID',
      cause: error,
    });
  }
}

function readModel(reader: MessageReader, limits: DecodeLimits): OnnxModel {
  const opsets: { domain: string; version: bigint }[] = [];
  let irVersion = 0n;
  let producer = '';
  let producerVersion = '';
  let graph: OnnxGraph | undefined;
  let functionCount = 0;
  let trainingInfoCount = 0;
  reader.message([1, 2, 3, 7], (field) => {
    if (field === 1) irVersion = reader.int64();
    else if (field === 2) producer = reader.string();
    else if (field === 3) producerVersion = reader.string();
    else if (field === 7) reader.nested('graph', -1, () => (graph = readGraph(reader, limits, 1)));
    else if (field === 8) reader.nested('opset_import', opsets.length, () => opsets.push(readOpset(reader)));
    else {
      if (field === 20) trainingInfoCount += 1;
      if (field === 25) functionCount += 1;
      return false;
    }
    return true;
  });
  return {
    irVersion,
    producer: [producer, producerVersion].filter(Boolean).join(' '),
    opsets,
    graph,
    functionCount,
    trainingInfoCount,
  };
}

function readOpset(reader: MessageReader): { domain: string; version: bigint } {
  const opset = { domain: '', version: 0n };
  reader.message([1, 2], (field) => {
    if (field === 1) opset.domain = reader.string();
    else if (field === 2) opset.version = reader.int64();
    else return false;
    return true;
  });
  return opset;
}

function readGraph(reader: MessageReader, limits: DecodeLimits, depth: number): OnnxGraph {
  if (depth > limits.subgraphDepthMax) reader.fail(`has graphs nested more than ${limits.subgraphDepthMax} deep`);
  const graph: OnnxGraph = { nodes: [], initializers: [], sparseInitializers: [], inputs: [], outputs: [] };
  const list = <T>(label: string, into: T[], read: () => T): boolean => {
    reader.nested(label, into.length, () => into.push(read()));
    return true;
  };
  reader.message([], (field) => {
    if (field === 1) return list('node', graph.nodes, () => readNode(reader, limits, depth));
    if (field === 5) return list('initializer', graph.initializers, () => readTensor(reader));
    if (field === 15) return list('sparse_initializer', graph.sparseInitializers, () => readSparseTensor(reader));
    if (field === 11) return list('input', graph.inputs, () => readValueInfo(reader));
    if (field === 12) return list('output', graph.outputs, () => readValueInfo(reader));
    return false;
  });
  return graph;
}

function readNode(reader: MessageReader, limits: DecodeLimits, depth: number): OnnxNode {
  const node: OnnxNode = { inputs: [], outputs: [], opType: '', domain: '', attributes: [] };
  reader.message([4, 7], (field) => {
    if (field === 1) node.inputs.push(reader.string());
    else if (field === 2) node.outputs.push(reader.string());
    else if (field === 4) node.opType = reader.string();
    else if (field === 7) node.domain = reader.string();
    else if (field === 5) {
      reader.nested('attribute', node.attributes.length, () => {
        node.attributes.push(readAttribute(reader, limits, depth));
      });
    } else return false;
    return true;
  });
  return node;
}

function readAttribute(reader: MessageReader, limits: DecodeLimits, depth: number): OnnxAttribute {
  const tensors: OnnxTensor[] = [];
  const graphs: OnnxGraph[] = [];
  const sparseTensors: OnnxSparseTensor[] = [];
  const attribute: OnnxAttribute = { name: '', isReference: false, tensors, graphs, sparseTensors };
  reader.message([1, 2, 3, 4, 5, 6, 14, 20, 21, 22], (field) => {
    if (field === 1) attribute.name = reader.string();
    else if (field === 21) attribute.isReference = reader.string() !== '';
    else if (field === 5) reader.nested('t', -1, () => tensors.push(readTensor(reader)));
    else if (field === 10) reader.nested('tensors', tensors.length, () => tensors.push(readTensor(reader)));
    else if (field === 6) reader.nested('g', -1, () => graphs.push(readGraph(reader, limits, depth + 1)));
    else if (field === 11) {
      reader.nested('graphs', graphs.length, () => graphs.push(readGraph(reader, limits, depth + 1)));
    } else if (field === 22) reader.nested('sparse_tensor', -1, () => sparseTensors.push(readSparseTensor(reader)));
    else if (field === 23) {
      reader.nested('sparse_tensors', sparseTensors.length, () => sparseTensors.push(readSparseTensor(reader)));
    } else return false;
    return true;
  });
  return attribute;
}
