import * as ort from 'onnxruntime-node';
import type { LoadedModel, TrainedModel } from '@slipway/plugin-kit';
import { trainerSuite } from '@slipway/plugin-kit/testing';
import { newtonPlugin } from '../src/index.ts';
import { dependenciesIn } from './dependencies.ts';

/** Enough of a runtime to run what this trainer makes; the names come from the file, so that a signature that lies is found out. */
async function load({ model, signature }: TrainedModel): Promise<LoadedModel> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  const specs = (names: readonly string[], declared: TrainedModel['signature']['inputs']) =>
    names.map((name) => ({
      name,
      datatype: declared.find((spec) => spec.name === name)?.datatype ?? 'FP32',
      shape: [-1, 1],
    }));
  return {
    signature: {
      inputs: specs(session.inputNames, signature.inputs),
      outputs: specs(session.outputNames, signature.outputs),
    },
    run: async (inputs, outputs) => {
      const feeds = inputs.map(({ name, datatype, data, shape }): [string, ort.Tensor] =>
        datatype === 'BYTES'
          ? [name, new ort.Tensor('string', [...data], shape)]
          : [name, new ort.Tensor('float32', data as Float32Array, shape)],
      );
      const results = await session.run(Object.fromEntries(feeds), [...outputs]);
      return outputs.map((name) => {
        const result = results[name];
        return { name, datatype: 'FP32', shape: result?.dims ?? [], data: result?.data as Float32Array };
      });
    },
    close: () => session.release(),
  };
}

trainerSuite('newton', {
  make: () => newtonPlugin.create(newtonPlugin.parseConfig({}), dependenciesIn('.')),
  load,
});
