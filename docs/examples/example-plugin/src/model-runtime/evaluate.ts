import { InvalidArgumentError, type Tensor } from '@slipway/plugin-kit';
import type { Node } from './model-file.ts';

type Floats = Extract<Tensor, { datatype: 'FP32' }>;

/** Computes one node from what is known so far. @throws {InvalidArgumentError} when the values do not fit. */
export function evaluate(node: Node, known: ReadonlyMap<string, Tensor>): Tensor {
  const [first, second] = node.inputs.map((name) => known.get(name));
  if (!first) throw InvalidArgumentError.of('inputs', `'${node.inputs[0]}' is missing`);
  switch (node.op) {
    case 'identity':
      return { ...first, name: node.output, data: first.data.slice() } as Tensor; // the same datatype, so the same storage
    case 'lookup':
      return lookUp(node.output, node.table, first);
    case 'linear':
      return linear(node.output, node.weights, node.bias, floatsOf(first));
    default: {
      const [left, right] = [floatsOf(first), floatsOf(second)];
      if (left.shape.join() !== right.shape.join()) {
        throw InvalidArgumentError.of(
          right.name,
          `has shape [${right.shape.join()}], '${left.name}' has [${left.shape.join()}]`,
        );
      }
      const combine = node.op === 'add' ? (a: number, b: number) => a + b : (a: number, b: number) => a * b;
      const data = left.data.map((value, index) => combine(value, right.data[index] ?? 0));
      return { name: node.output, datatype: 'FP32', shape: left.shape, data };
    }
  }
}

function floatsOf(tensor: Tensor | undefined): Floats {
  if (tensor?.datatype === 'FP32') return tensor;
  throw InvalidArgumentError.of(tensor?.name ?? 'inputs', 'has to be FP32 here');
}

function lookUp(name: string, table: readonly number[], index: Tensor): Tensor {
  if (index.datatype !== 'INT64') throw InvalidArgumentError.of(index.name, 'has to be INT64 here');
  const data = Float32Array.from(index.data, (at) => {
    const value = table[Number(at)];
    if (value === undefined) throw InvalidArgumentError.of(index.name, `${at} is not in 0..${table.length - 1}`);
    return value;
  });
  return { name, datatype: 'FP32', shape: index.shape, data };
}

function linear(name: string, weights: readonly number[], bias: number, { data, shape, name: input }: Floats): Tensor {
  const [rows = 0, columns] = shape;
  if (shape.length !== 2 || columns !== weights.length) {
    throw InvalidArgumentError.of(input, `has shape [${shape.join()}]; use [n, ${weights.length}]`);
  }
  const result = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    result[row] = weights.reduce((sum, weight, at) => sum + weight * (data[row * columns + at] ?? 0), bias);
  }
  return { name, datatype: 'FP32', shape: [rows, 1], data: result };
}
