import type { TensorSpec } from '@slipway/plugin-kit';
import { datatypeOf } from './element-types.ts';
import { quoted, type Inspection } from './inspection.ts';
import type { OnnxDimension, OnnxGraph, OnnxValueInfo } from './onnx-model.ts';

const NAME_LENGTH_MAX = 256;
const TENSORS_MAX = 4096;

/** Names of the symbolic dimensions of each input: inputs that share a name must agree in that size. */
export type DimensionNames = readonly (readonly (string | undefined)[])[];

/** The main graph's inputs (without those that an initializer fills) and outputs in the words of the Open Inference Protocol. */
export function inspectSignature(
  graph: OnnxGraph,
  inspection: Inspection,
): { inputs: TensorSpec[]; outputs: TensorSpec[]; inputDimensionNames: DimensionNames } {
  const defaults = new Set(graph.initializers.map(({ name }) => name));
  for (const { values } of graph.sparseInitializers) defaults.add(values?.name ?? '');
  const inputs: TensorSpec[] = [];
  const inputDimensionNames: (string | undefined)[][] = [];
  for (const [index, info] of graph.inputs.entries()) {
    if (defaults.has(info.name)) continue;
    const spec = inspectValue(info, `graph.input[${index}]`, inspection);
    if (!spec) continue;
    inputs.push(spec);
    inputDimensionNames.push((info.dimensions ?? []).map(({ name }) => name || undefined));
  }
  const outputs = graph.outputs.flatMap((info, index) => {
    return inspectValue(info, `graph.output[${index}]`, inspection) ?? [];
  });
  if (graph.outputs.length === 0) inspection.refuse('graph.output', 'is empty: the model computes nothing');
  const names = graph.outputs.map(({ name }) => name);
  if (new Set(names).size !== names.length) inspection.refuse('graph.output', 'has a name twice');
  if (graph.inputs.length > TENSORS_MAX) inspection.refuse('graph.input', `has more than ${TENSORS_MAX} entries`);
  if (graph.outputs.length > TENSORS_MAX) inspection.refuse('graph.output', `has more than ${TENSORS_MAX} entries`);
  return { inputs, outputs, inputDimensionNames };
}

function inspectValue(info: OnnxValueInfo, path: string, inspection: Inspection): TensorSpec | undefined {
  const { name, kind, elementType, dimensions } = info;
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    inspection.refuse(`${path}.name`, `must have 1 to ${NAME_LENGTH_MAX} characters`);
    return undefined;
  }
  if (kind !== 'tensor') {
    const hint = kind === 'sequence' || kind === 'map' ? '; export with zipmap off' : '';
    inspection.refuse(`${path}.type`, `${quoted(name)} is of kind ${kind}; only tensors go in and out${hint}`);
    return undefined;
  }
  const datatype = datatypeOf(elementType);
  if (!datatype) {
    inspection.refuse(
      `${path}.type.tensor_type.elem_type`,
      `element type ${elementType} of ${quoted(name)} is not supported; cast it to FP32`,
    );
    return undefined;
  }
  if (!dimensions) {
    inspection.refuse(
      `${path}.type.tensor_type.shape`,
      `${quoted(name)} has no shape; run onnx.shape_inference and save its result`,
    );
    return undefined;
  }
  const shape = dimensions.map((dimension, index) => {
    return inspectDimension(dimension, `${path}.type.tensor_type.shape.dim[${index}]`, inspection);
  });
  return { name, datatype, shape };
}

function inspectDimension({ value }: OnnxDimension, path: string, inspection: Inspection): number {
  if (value === undefined || value === -1n) return -1;
  if (value >= 0n && value <= 0xffff_ffffn) return Number(value); // the runtime's own bound on a dimension
  inspection.refuse(path, `size ${value} is outside 0 to 2^32-1`);
  return -1;
}
