import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { LoadedModel } from '@slipway/plugin-kit';
import ort from 'onnxruntime-node';
import { answerParent } from '../measure/bench-child.ts';
import { INPUT, OUTPUT } from './linear-model.ts';

export type AloneRequest =
  | { readonly model: Uint8Array; readonly features: number; readonly rows: number; readonly values: Float32Array }
  | { readonly seconds: number; readonly through: 'onnxruntime' | 'driver' };

const { signal } = new AbortController();
let session: ort.InferenceSession | undefined;
let driver: LoadedModel | undefined;
let batches: readonly Float32Array[] = [];
let shape: readonly [number, number] = [0, 0];

async function load(request: Extract<AloneRequest, { model: Uint8Array }>): Promise<void> {
  const { model, rows, features, values } = request;
  session = await ort.InferenceSession.create(model, { executionMode: 'sequential', intraOpNumThreads: 1 });
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: false }), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: '.',
  });
  await runtime.open(signal);
  driver = await runtime.load(model, 'onnx', signal);
  shape = [rows, features];
  const size = rows * features;
  batches = Array.from({ length: values.length / size }, (_, at) => values.slice(at * size, (at + 1) * size));
}

async function runOnce(through: 'onnxruntime' | 'driver', data: Float32Array): Promise<void> {
  if (through === 'onnxruntime') {
    await session?.run({ [INPUT]: new ort.Tensor('float32', data, shape) }, [OUTPUT]);
  } else await driver?.run([{ name: INPUT, datatype: 'FP32', shape, data }], [OUTPUT], signal);
}

/** One run after the other; CPU microseconds of this process per run. */
answerParent(async (request: AloneRequest) => {
  if ('model' in request) return load(request);
  const end = performance.now() + request.seconds * 1000;
  const before = process.cpuUsage();
  let runs = 0;
  for (; performance.now() < end; runs += 1)
    await runOnce(request.through, batches[runs % batches.length] ?? new Float32Array());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
});
