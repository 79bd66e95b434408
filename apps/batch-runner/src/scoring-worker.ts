import { createScoringWorker } from '@slipway/batch-worker';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { PartitionWorker } from '@slipway/plugin-kit';

/** What a worker process of this service runs: the scorer of every path, on the ONNX runtime. The process is its own trial of a graph. */
export const createPartitionWorker = (): PartitionWorker =>
  createScoringWorker({
    runtime: modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: false }), {
      clock: systemClock,
      ids: createIdSource(systemClock, systemRandom),
      log: silentLogger,
      dataDirectory: process.cwd(),
    }),
  });
