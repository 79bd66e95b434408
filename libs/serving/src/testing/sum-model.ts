import { buildModel } from '@slipway/model-package';

/** `y` is the sum of the inputs, all FP64 of shape [n, 1]. */
export const sumModel = (inputs: readonly string[]): Uint8Array =>
  buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'sum',
      inputs: inputs.map((name) => ({ name, datatype: 'FP64', shape: [-1, 1] })),
      outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
      nodes: [{ op: 'Sum', inputs, outputs: ['y'] }],
    },
  });
