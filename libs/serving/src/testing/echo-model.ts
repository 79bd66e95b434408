import { buildModel } from '@slipway/model-package';
import { DATATYPES, type Datatype } from '@slipway/plugin-kit';

/** One input of shape [n, 2] for each datatype; output `o_X` is input `i_X` as it came. */
export const echoModel = (datatypes: readonly Datatype[] = DATATYPES): Uint8Array =>
  buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'echo',
      inputs: datatypes.map((datatype) => ({ name: `i_${datatype}`, datatype, shape: [-1, 2] })),
      outputs: datatypes.map((datatype) => ({ name: `o_${datatype}`, datatype, shape: [-1, 2] })),
      nodes: datatypes.map((datatype) => ({ op: 'Identity', inputs: [`i_${datatype}`], outputs: [`o_${datatype}`] })),
    },
  });
