import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createScoringWorker, type ScoringTask } from '@slipway/batch-worker';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { PartitionWorker } from '@slipway/plugin-kit';

/** What a worker does to itself, once, at a step of any partition. */
export interface WorkerFault {
  readonly step: string;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** Beside the service's own directory, which holds `attempts/<attempt>`. */
export const FAULT_FILE = 'fault.json';

function atStep(step: string, { folder }: ScoringTask): void {
  const file = join(folder, '..', '..', '..', FAULT_FILE);
  if (!existsSync(file)) return;
  const fault = JSON.parse(readFileSync(file, 'utf8')) as WorkerFault;
  if (fault.step !== step) return;
  try {
    renameSync(file, `${file}.done`);
  } catch {
    return; // another worker was faster
  }
  process.kill(process.pid, fault.signal);
}

/** The scoring worker with the real runtime. */
export const createPartitionWorker = (): PartitionWorker =>
  createScoringWorker({
    runtime: modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: 'false' }), {
      clock: systemClock,
      ids: createIdSource(systemClock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: '.',
    }),
    atStep,
  });
