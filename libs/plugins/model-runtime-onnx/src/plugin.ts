import type { ModelRuntimePlugin } from '@slipway/plugin-kit';
import { parseConfig, type OnnxRuntimeConfig } from './config.ts';
import { OnnxRuntime } from './onnx-runtime.ts';

/** `model-runtime: onnx`: onnxruntime-node on the CPU, in this process. */
export const modelRuntimeOnnxPlugin: ModelRuntimePlugin<OnnxRuntimeConfig> = {
  port: 'model-runtime',
  name: 'onnx',
  apiVersion: 1,
  parseConfig,
  create: (config, { log }) => new OnnxRuntime(config, log),
};
