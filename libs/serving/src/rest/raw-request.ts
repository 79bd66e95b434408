import { InvalidArgumentError } from '@slipway/kernel';
import type { Tensor, TensorSpec } from '@slipway/plugin-kit';
import { elementBytes } from '../rpc/raw-elements.ts';
import { readRawData } from '../rpc/tensor-codec.ts';
import type { InferBody, InferBodyOptions } from './infer-request.ts';

const refuse = (description: string): InvalidArgumentError =>
  InvalidArgumentError.of('body', description, { reason: 'INFERENCE_REQUEST_INVALID' });

/** A body that is nothing but the one input of the model; its shape follows from the bytes. All outputs come in binary form. */
export function readRawRequest(body: Buffer, { model, signature, elementsMax }: InferBodyOptions): InferBody {
  const [input, ...others] = signature.inputs;
  if (!input || others.length > 0) {
    throw refuse(`a body without JSON is one tensor, and model '${model}' has ${signature.inputs.length} inputs`);
  }
  const shape = shapeOf(input, body.length);
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (elements > elementsMax) throw refuse(`a request holds at most ${elementsMax} elements`);
  const data = readRawData(input.datatype, body, elements, { model, input: input.name, field: 'body' });
  const tensor = { name: input.name, datatype: input.datatype, shape, data } as Tensor;
  return { id: '', inputs: [tensor], outputs: undefined, isBinary: () => true };
}

function shapeOf({ name, datatype, shape }: TensorSpec, bytes: number): readonly number[] {
  const free = shape.filter((dimension) => dimension === -1).length;
  if (free > 1)
    throw refuse(`the shape [${shape.join(',')}] of input '${name}' does not follow from the bytes; send it as JSON`);
  if (datatype === 'BYTES') return shape.map((dimension) => (dimension === -1 ? 1 : dimension));
  const fixed = shape.reduce(
    (product, dimension) => (dimension === -1 ? product : product * dimension),
    elementBytes(datatype),
  );
  const rest = fixed === 0 ? 0 : Math.floor(bytes / fixed); // what is left over is told as a wrong size
  return shape.map((dimension) => (dimension === -1 ? rest : dimension));
}
