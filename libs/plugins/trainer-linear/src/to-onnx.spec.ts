import { expect, it } from 'vitest';
import { inspectGraph } from '@slipway/model-package';
import type { Design, NumericPart } from './design.ts';
import { loadWithOnnxRuntime } from './testing/load-with-onnxruntime.ts';
import { linearGraph, OUTPUT_NAME } from './to-onnx.ts';

const never = new AbortController().signal;
const x: NumericPart = { kind: 'numeric', name: 'x', values: new Float64Array(0), mean: 0, scale: 1, at: 1 };
const identity: Design = { rows: 0, columns: 2, parts: [x] };

/** Values whose probability lies as near as doubles get to the middle between two float32, so that one bit of the double decides. */
function onTheFence(count: number): Float64Array {
  const values = new Float64Array(count);
  const bits = new BigInt64Array(values.buffer);
  for (let at = 0; at < count; at += 1) {
    const below = Math.fround(0.76 + (at >> 3) * 2.5e-5);
    const middle = below + 2 ** -25;
    values[at] = Math.log(middle / (1 - middle));
    bits[at] = (bits[at] ?? 0n) + BigInt((at & 7) - 4);
  }
  return values;
}

it('gives a row the same bits in a batch of any size', async () => {
  const values = onTheFence(40_000);
  const graph = linearGraph(identity, Float64Array.of(0, 1), 'binary-classification', false);
  const signature = inspectGraph(graph).signature;
  const model = await loadWithOnnxRuntime({ format: 'onnx', model: graph, signature, metrics: {}, parameters: {} });
  const score = async (from: number, rows: number): Promise<Uint32Array> => {
    const data = values.slice(from, from + rows);
    const inputs = [{ name: 'x', datatype: 'FP64' as const, shape: [data.length, 1], data }];
    const [output] = await model.run(inputs, [OUTPUT_NAME['binary-classification']], never);
    return new Uint32Array(Float32Array.from(output?.data as Float32Array).buffer);
  };
  const whole = await score(0, values.length);
  for (const rows of [1, 3, 64, 1000, 4096]) {
    const pieces: number[] = [];
    for (let from = 0; from < values.length; from += rows) pieces.push(...(await score(from, rows)));
    expect(pieces.findIndex((bits, row) => bits !== whole[row])).toBe(-1);
  }
  await model.close();
}, 30_000);
