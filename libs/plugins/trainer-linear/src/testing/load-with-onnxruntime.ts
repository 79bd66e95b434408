import ort from 'onnxruntime-node';
import type { LoadedModel, Tensor, TrainedModel } from '@slipway/plugin-kit';

/** Just enough of a runtime to run what this trainer makes: FP64 and BYTES in, FP32 out. */
export async function loadWithOnnxRuntime({ model, signature }: TrainedModel): Promise<LoadedModel> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  return {
    signature,
    run: async (inputs, outputs) => {
      const feeds = inputs.map(({ name, data, shape }): [string, ort.Tensor] => {
        if (data instanceof Float64Array) return [name, new ort.Tensor('float64', data, shape)];
        return [name, new ort.Tensor('string', data as string[], shape)];
      });
      const results = await session.run(Object.fromEntries(feeds), outputs);
      return outputs.map((name): Tensor => {
        const result = results[name];
        return { name, datatype: 'FP32', shape: [...(result?.dims ?? [])], data: result?.data as Float32Array };
      });
    },
    close: () => session.release(),
  };
}
