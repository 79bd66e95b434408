import { buildModel } from '@slipway/model-package';

/** A linear model: `score` = `features` x weights + intercept, all FP32. */
export interface LinearModel {
  readonly name: string;
  readonly features: number;
  readonly weights: Float32Array;
  readonly intercept: number;
}

export const INPUT = 'features';
export const OUTPUT = 'score';

/** As an ONNX file. */
export function onnxOf({ features, weights, intercept }: LinearModel): Uint8Array {
  return buildModel({
    producer: 'slipway-bench',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'linear',
      inputs: [{ name: INPUT, datatype: 'FP32', shape: [-1, features] }],
      outputs: [{ name: OUTPUT, datatype: 'FP32', shape: [-1, 1] }],
      initializers: [
        { name: 'weights', datatype: 'FP32', shape: [features, 1], data: weights },
        { name: 'intercept', datatype: 'FP32', shape: [1], data: Float32Array.of(intercept) },
      ],
      nodes: [{ op: 'Gemm', inputs: [INPUT, 'weights', 'intercept'], outputs: [OUTPUT] }],
    },
  });
}

/** What the model must answer for one row. */
export function scoreOf({ weights, intercept }: LinearModel, row: Float32Array): number {
  return row.reduce((sum, value, index) => sum + value * (weights[index] ?? Number.NaN), intercept);
}
