import { buildModel, type NodeDescription } from '@slipway/model-package';
import type { Tensor, TensorSpec, TrainingJob } from '@slipway/plugin-kit';
import type { CategoricalPart, Design, NumericPart } from './design.ts';

const PRODUCER = 'slipway-trainer-linear';
/** Every runtime of the last years knows these; LabelEncoder takes float64 values since ai.onnx.ml 4. */
const OPSETS = [{ domain: '', version: 17 }, { domain: 'ai.onnx.ml', version: 4 }]; // prettier-ignore

export const OUTPUT_NAME: Readonly<Record<TrainingJob['task'], string>> = {
  'binary-classification': 'probability',
  regression: 'prediction',
};

/** Values inside the graph; a column of the user's may have any other name. */
const inner = (name: string): string => `slipway:${name}`;

const doubles = (name: string, shape: readonly number[], values: readonly number[]): Tensor => ({
  name,
  datatype: 'FP64',
  shape,
  data: Float64Array.from(values),
});

/**
 * The model as one graph with its pre-processing inside: an input [-1, 1] for each feature (FP64, or BYTES for a category), all arithmetic in
 * float64, the one output FP32 [-1, 1]. A category not seen in training adds 0, as if all its one-hot columns were 0; a column whose values
 * were constant adds 0 too. With `fillMissing`, NaN counts as the training mean; without, it makes the output NaN.
 */
export function linearGraph(
  design: Design,
  coefficients: Float64Array,
  task: TrainingJob['task'],
  fillMissing: boolean,
): Uint8Array {
  const { parts } = design;
  const output = OUTPUT_NAME[task];
  const encoded = parts.map((part, index) => encodePart(part, coefficients, index, fillMissing));
  const initializers = [
    doubles(inner('means'), [1, parts.length], parts.map((part) => (part.kind === 'numeric' ? part.mean : 0))),
    doubles(inner('weights'), [parts.length, 1], parts.map((part) => (part.kind === 'numeric' ? coefficients[part.at]! * part.scale : 1))),
    doubles(inner('intercept'), [1], [coefficients[0] ?? 0]),
    ...(task === 'regression' ? [] : [{ name: inner('first'), datatype: 'INT64' as const, shape: [1], data: BigInt64Array.of(0n) }]),
    ...encoded.flatMap((part) => part.initializers),
  ]; // prettier-ignore
  const predictor = inner('predictor');
  const answer = task === 'regression' ? predictor : inner('answer');
  const nodes: NodeDescription[] = [
    ...encoded.flatMap((part) => part.nodes),
    // Concat refuses inputs with different numbers of rows, where Add would stretch them
    {
      op: 'Concat',
      inputs: encoded.map((part) => part.value),
      outputs: [inner('row')],
      attributes: { axis: { int: 1 } },
    },
    { op: 'Sub', inputs: [inner('row'), inner('means')], outputs: [inner('centred')] },
    { op: 'Gemm', inputs: [inner('centred'), inner('weights'), inner('intercept')], outputs: [predictor] },
    ...(task === 'regression' ? [] : sigmoid(predictor, answer)),
    { op: 'Cast', inputs: [answer], outputs: [output], attributes: { to: { int: 1 } } },
  ];
  const inputs = parts.map((part): TensorSpec => {
    return { name: part.name, datatype: part.kind === 'numeric' ? 'FP64' : 'BYTES', shape: [-1, 1] };
  });
  const outputs: TensorSpec[] = [{ name: output, datatype: 'FP32', shape: [-1, 1] }];
  return buildModel({
    producer: PRODUCER,
    opsets: OPSETS,
    graph: { name: 'linear', inputs, outputs, initializers, nodes },
  });
}

/** At least as many float64 values as any processor works on at once. */
const LANES = 8;

/**
 * Runtimes compute exp for several values at once, and one by one for those that are left over, which differs in the last bit. So that a row has
 * the same probability in a batch of any size, each row brings as many values as fill the lanes, all the same, of which one is kept.
 */
function sigmoid(predictor: string, answer: string): readonly NodeDescription[] {
  const [lanes, filled, first] = [inner('lanes'), inner('sigmoid'), inner('first')];
  return [
    { op: 'Concat', inputs: Array<string>(LANES).fill(predictor), outputs: [lanes], attributes: { axis: { int: 1 } } },
    { op: 'Sigmoid', inputs: [lanes], outputs: [filled] },
    { op: 'Gather', inputs: [filled, first], outputs: [answer], attributes: { axis: { int: 1 } } },
  ];
}

interface EncodedPart {
  /** Name of a float64 value [-1, 1]. */
  readonly value: string;
  readonly nodes: readonly NodeDescription[];
  readonly initializers: readonly Tensor[];
}

function encodePart(
  part: NumericPart | CategoricalPart,
  coefficients: Float64Array,
  index: number,
  fillMissing: boolean,
): EncodedPart {
  const value = inner(`part${index}`);
  if (part.kind === 'categorical') return { value, nodes: [lookup(part, coefficients, value)], initializers: [] };
  if (!fillMissing) return { value: part.name, nodes: [], initializers: [] };
  const mean = inner(`mean${index}`);
  const nodes = [
    { op: 'IsNaN', inputs: [part.name], outputs: [inner(`missing${index}`)] },
    { op: 'Where', inputs: [inner(`missing${index}`), mean, part.name], outputs: [value] },
  ];
  return { value, nodes, initializers: [doubles(mean, [1], [part.mean])] };
}

/** One hash lookup from the text to its coefficient, instead of a one-hot row and a product. */
function lookup({ name, categories, at }: CategoricalPart, coefficients: Float64Array, value: string): NodeDescription {
  const values = [...coefficients.subarray(at, at + categories.length)];
  return {
    op: 'LabelEncoder',
    domain: 'ai.onnx.ml',
    inputs: [name],
    outputs: [value],
    attributes: {
      keys_tensor: { tensor: { name: 'keys', datatype: 'BYTES', shape: [categories.length], data: categories } },
      values_tensor: { tensor: doubles('values', [categories.length], values) },
      default_tensor: { tensor: doubles('default', [1], [0]) },
    },
  };
}
