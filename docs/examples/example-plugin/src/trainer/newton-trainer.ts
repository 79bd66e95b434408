import { setImmediate as turn } from 'node:timers/promises';
import {
  InvalidArgumentError,
  UnavailableError,
  type TrainedModel,
  type Trainer,
  type TrainingColumn,
  type TrainingJob,
} from '@slipway/plugin-kit';
import { checkJob, type CheckedJob } from './check-job.ts';
import { areaUnderCurve, logLoss, regressionMetrics } from './metrics.ts';
import { leastSquares, logisticStep, predict, sigmoid, type Design } from './newton.ts';
import { encodeOnnx, type OnnxNode } from './onnx.ts';

const STEPS_MAX = 25;
const CONVERGED = 1e-10;

export class NewtonTrainer implements Trainer {
  readonly #running = new Set<Promise<unknown>>();
  #isOpen = false;

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#isOpen = true;
  }

  async train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
    if (!this.#isOpen) throw new UnavailableError('the trainer is not open', { reason: 'TRAINER_CLOSED' });
    const training = train(job, signal);
    this.#running.add(training);
    try {
      return await training;
    } finally {
      this.#running.delete(training);
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.allSettled(this.#running);
  }
}

/** One column of the design: how it is made of its feature. */
interface Part {
  readonly feature: TrainingColumn;
  /** Of a categorical feature: which category counts 1. */
  readonly code: number | undefined;
  readonly mean: number;
  readonly scale: number;
}

async function train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
  signal.throwIfAborted();
  const checked = checkJob(job);
  const output = checked.isClassification ? 'probability' : 'prediction';
  if (job.features.includes(output))
    throw InvalidArgumentError.of('features', `'${output}' is the name of the model's output`);
  const parts = checked.features.flatMap((feature) => partsOf(feature));
  const design = [new Float64Array(checked.rows).fill(1), ...parts.map(columnOf)];
  const { coefficients, steps } = await fit(checked, design, job, signal);
  const scores = predict(design, coefficients);
  const metrics = checked.isClassification
    ? { log_loss: logLoss(checked.target, scores.map(sigmoid)), auc: areaUnderCurve(checked.target, scores) }
    : regressionMetrics(checked.target, scores);
  const inputs = checked.features.map(({ name, kind }) => ({
    name,
    datatype: kind === 'numeric' ? ('FP32' as const) : ('BYTES' as const),
    shape: [-1, 1],
  }));
  return {
    format: 'onnx',
    model: graphOf(checked, parts, coefficients, output),
    signature: { inputs, outputs: [{ name: output, datatype: 'FP32', shape: [-1, 1] }] },
    metrics,
    parameters: { trainer: 'newton', ridge: `${checked.ridge}`, rows: `${checked.rows}`, steps: `${steps}` },
  };
}

async function fit(
  { target, ridge, rows, isClassification }: CheckedJob,
  design: Design,
  { onProgress }: TrainingJob,
  signal: AbortSignal,
): Promise<{ coefficients: Float64Array; steps: number }> {
  const total = isClassification ? STEPS_MAX : 1;
  let coefficients: Float64Array = new Float64Array(design.length);
  let steps = 0;
  while (steps < total) {
    await turn(); // others get their turn between two steps
    signal.throwIfAborted();
    const next = isClassification
      ? logisticStep(design, coefficients, target, ridge)
      : leastSquares(design, new Float64Array(rows).fill(1), target, ridge);
    const change = next.reduce((most, value, at) => Math.max(most, Math.abs(value - (coefficients[at] ?? 0))), 0);
    coefficients = next;
    steps += 1;
    onProgress({ done: steps, total, unit: 'steps' });
    if (change < CONVERGED) break;
  }
  onProgress({ done: total, total, unit: 'steps' });
  return { coefficients, steps };
}

function partsOf(feature: TrainingColumn): Part[] {
  if (feature.kind === 'categorical')
    return feature.categories.map((_, code) => ({ feature, code, mean: 0, scale: 1 }));
  const mean = feature.values.reduce((sum, value) => sum + value, 0) / feature.values.length;
  const variance = feature.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / feature.values.length;
  return [{ feature, code: undefined, mean, scale: variance > 0 ? 1 / Math.sqrt(variance) : 0 }]; // constant: no influence
}

function columnOf({ feature, code, mean, scale }: Part): Float64Array {
  if (feature.kind === 'numeric') return feature.values.map((value) => (value - mean) * scale);
  return Float64Array.from(feature.codes, (each) => (each === code ? 1 : 0));
}

/** The pre-processing is part of the graph: a text is looked up as its coefficient (0 when new), a number is taken off its mean first. */
function graphOf(
  { features, isClassification }: CheckedJob,
  parts: readonly Part[],
  coefficients: Float64Array,
  output: string,
): Uint8Array {
  const of = (feature: TrainingColumn): number[] =>
    parts.flatMap((part, at) => (part.feature === feature ? [coefficients[at + 1] ?? 0] : []));
  const inner = (name: string): string => `newton/${name}`;
  const encoders = features.map((feature, at): OnnxNode => {
    const value = inner(`feature${at}`);
    if (feature.kind === 'numeric') return { op: 'Sub', inputs: [feature.name, inner(`mean${at}`)], output: value };
    const attributes = [
      { name: 'keys_strings', strings: feature.categories },
      { name: 'values_floats', floats: of(feature) },
      { name: 'default_float', float: 0 },
    ];
    return { op: 'LabelEncoder', domain: 'ai.onnx.ml', inputs: [feature.name], output: value, attributes };
  });
  const means = features.flatMap((feature, at) => {
    const part = parts.find((candidate) => candidate.feature === feature);
    return feature.kind === 'numeric' ? [{ name: inner(`mean${at}`), shape: [1], values: [part?.mean ?? 0] }] : [];
  });
  const weights = features.map((feature) => {
    const part = parts.find((candidate) => candidate.feature === feature);
    return feature.kind === 'numeric' ? (of(feature)[0] ?? 0) * (part?.scale ?? 0) : 1;
  });
  const score = isClassification ? inner('score') : output;
  const nodes: OnnxNode[] = [
    ...encoders,
    {
      op: 'Concat',
      inputs: encoders.map((encoder) => encoder.output),
      output: inner('row'),
      attributes: [{ name: 'axis', int: 1 }],
    },
    { op: 'Gemm', inputs: [inner('row'), inner('weights'), inner('bias')], output: score },
    ...(isClassification ? [{ op: 'Sigmoid', inputs: [score], output }] : []),
  ];
  const constants = [
    ...means,
    { name: inner('weights'), shape: [features.length, 1], values: weights },
    { name: inner('bias'), shape: [1], values: [coefficients[0] ?? 0] },
  ];
  const inputs = features.map(({ name, kind }) => ({ name, isText: kind === 'categorical' }));
  return encodeOnnx({ nodes, constants, inputs, output });
}
