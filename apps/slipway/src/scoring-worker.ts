import { createScoringWorker } from '@slipway/batch-worker';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { PartitionWorker } from '@slipway/plugin-kit';

/** What a worker process of scoring jobs runs; the service has tried the graph already. */
export const createPartitionWorker = (): PartitionWorker =>
  createScoringWorker({
    runtime: modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: 'false' }), {
      clock: systemClock,
      ids: createIdSource(systemClock, systemRandom),
      log: silentLogger,
      dataDirectory: '.',
    }),
  });
