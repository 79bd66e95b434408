import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdSource, DomainError, silentLogger, systemClock, systemRandom, type Clock } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { TrainingRun } from '@slipway/plugin-kit';
import {
  fetchLearningSet,
  openExperiment,
  trainAndRegister,
  type LearningSet,
  type TrainedVersion,
} from '@slipway/training-run';
import type { Connection } from '../connection.ts';
import { printable } from '../printer.ts';
import type { TrainFile } from './train-file.ts';

export interface TrainSurroundings {
  readonly connection: Connection;
  readonly notes: { write(text: string): unknown };
  readonly signal: AbortSignal;
  /** Base address of the gateway, for programs that log to their run. */
  readonly gateway: string;
}

const PROGRESS_EVERY_MS = 1000;

/** Downloads, trains, judges, registers; files of it are gone afterwards. */
export async function trainFrom(file: TrainFile, surroundings: TrainSurroundings): Promise<TrainedVersion> {
  const { signal } = surroundings;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-train-'));
  const ids = createIdSource(systemClock, systemRandom);
  const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: folder };
  const trainer = file.createTrainer(dependencies);
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
  try {
    await trainer.open(signal);
    await runtime.open(signal);
    const { training, evaluation } = await fetchSets(file, folder, surroundings);
    const { tracking, registry, token } = surroundings.connection;
    const notes = notesFor(surroundings.notes, systemClock);
    if (await madeModel(registry, file.model)) notes.line(`model ${file.model} is new`);
    const trainingRun = (id: string): TrainingRun => ({
      id,
      trackingUri: surroundings.gateway,
      ...(token && { token }),
    });
    const { model, description, target, task, features, options, seed } = file;
    const plan = {
      model,
      description,
      target,
      timeColumn: file['time-column'],
      task,
      features,
      options,
      seed,
      experimentId: await openExperiment(tracking, file.experiment),
      training,
      ...(evaluation && { evaluation }),
      outputMeanings: file['output-meanings'],
      requestId: `train-${ids.next()}`,
      at: Date.now(),
    };
    const onRun = (id: string): void => notes.line(`run ${id}`);
    const tools = { tracking, registry, trainer, runtime, signal, onRun, trainingRun };
    const made = { onProgress: notes.progress, onLog: notes.line };
    return await trainAndRegister(plan, { ...tools, ...made, attempt: (step) => step() });
  } finally {
    await Promise.all([trainer.close(), runtime.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the model when there is none, as tracking does with experiments. @returns whether it did. */
async function madeModel(registry: Connection['registry'], name: string): Promise<boolean> {
  try {
    await registry.getRegisteredModel({ name });
    return false;
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error;
  }
  await registry.createRegisteredModel({ name });
  return true;
}

async function fetchSets(
  file: TrainFile,
  folder: string,
  { connection, notes, signal }: TrainSurroundings,
): Promise<{ training: LearningSet; evaluation: (LearningSet & { dataset: string }) | undefined }> {
  const columns = [...file.features.map(({ column }) => column), file.target];
  const fetch = async (name: string, id: string): Promise<LearningSet> => {
    notes.write(`download of training set ${printable(id)}\n`);
    const timeColumn = name === 'training' ? file['time-column'] : undefined;
    const path = join(folder, `${name}.parquet`);
    return fetchLearningSet(connection.features, { id, file: path, columns, timeColumn, signal });
  };
  const training = await fetch('training', file['training-set']);
  if (!file.evaluation) return { training, evaluation: undefined };
  const { dataset } = file.evaluation;
  return { training, evaluation: { ...(await fetch('evaluation', file.evaluation['training-set'])), dataset } };
}

/** Lines as they come; of progress one a second at most, and its end. */
function notesFor(out: { write(text: string): unknown }, clock: Clock) {
  let saidAt = -Infinity;
  return {
    line: (text: string): void => void out.write(`${printable(text)}\n`),
    progress: ({ done, total, unit }: { done: number; total: number; unit: string }): void => {
      const now = clock.monotonicMs();
      if (done < total && now - saidAt < PROGRESS_EVERY_MS) return;
      saidAt = now;
      out.write(`training: ${done} of ${total} ${printable(unit)}\n`);
    },
  };
}
