import { DATATYPES, type Datatype, type TensorSpec } from '@slipway/plugin-kit';
import { modelRuntimeSuite } from '@slipway/plugin-kit/testing';
import { expect, it } from 'vitest';
import { tensorJsonPlugin } from '../src/index.ts';
import type { ModelFile } from '../src/model-runtime/model-file.ts';
import { dependenciesIn } from './dependencies.ts';

const make = () => tensorJsonPlugin.create(tensorJsonPlugin.parseConfig({}), dependenciesIn('.'));
const spec = (name: string, datatype: Datatype, shape: readonly number[]): TensorSpec => ({ name, datatype, shape });
const fileOf = (model: Omit<ModelFile, 'format' | 'version'>): Uint8Array =>
  Buffer.from(JSON.stringify({ format: 'tensor-json', version: 1, ...model }));

modelRuntimeSuite('tensor-json', make, {
  format: 'tensor-json',
  arithmetic: fileOf({
    inputs: ['left', 'right'].map((name) => spec(name, 'FP32', [-1, 2])),
    outputs: ['sum', 'product'].map((name) => spec(name, 'FP32', [-1, 2])),
    nodes: [
      { op: 'add', inputs: ['left', 'right'], output: 'sum' },
      { op: 'multiply', inputs: ['left', 'right'], output: 'product' },
    ],
  }),
  everyDatatype: fileOf({
    inputs: DATATYPES.map((type) => spec(`in_${type}`, type, [-1])),
    outputs: DATATYPES.map((type) => spec(`out_${type}`, type, [-1])),
    nodes: DATATYPES.map((type) => ({ op: 'identity', inputs: [`in_${type}`], output: `out_${type}` })),
  }),
  lookup: fileOf({
    inputs: [spec('index', 'INT64', [-1])],
    outputs: [spec('value', 'FP32', [-1])],
    nodes: [{ op: 'lookup', inputs: ['index'], output: 'value', table: [10, 20, 30] }],
  }),
});

it('computes linear nodes', async () => {
  const never = new AbortController().signal;
  const runtime = make();
  await runtime.open(never);
  const file = fileOf({
    inputs: [spec('x', 'FP32', [-1, 2])],
    outputs: [spec('y', 'FP32', [-1, 1])],
    nodes: [{ op: 'linear', inputs: ['x'], output: 'y', weights: [2, -1], bias: 0.5 }],
  });
  const model = await runtime.load(file, 'tensor-json', never);
  const x = { name: 'x', datatype: 'FP32' as const, shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  expect(await model.run([x], ['y'], never)).toEqual([
    { name: 'y', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(0.5, 2.5) },
  ]);
  await runtime.close();
});
