import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Client } from '@slipway/clients';
import type { FeatureStoreService, TrainingSet__Output } from '@slipway/contracts/slipway.features.v1';
import type { TrainingTable } from '@slipway/plugin-kit';
import { readTrainingTable, type TrainingColumnSpec } from '@slipway/training-data';

/** A training set as the feature store has it, and as trainers take it. */
export interface LearningSet {
  readonly set: TrainingSet__Output;
  readonly table: TrainingTable;
}

/** Writes the Parquet file of a training set. */
export async function downloadTrainingSet(
  store: Client<FeatureStoreService>,
  id: string,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  await pipeline(async function* () {
    for await (const { chunk } of store.downloadTrainingSet({ id }, { ...(signal && { signal }) })) yield chunk;
  }, createWriteStream(file));
}

/**
 * Downloads a training set and reads the named columns of it.
 * @param file where it is written; the table refers to it. @param timeColumn read as microseconds since 1970, beside `columns`.
 * @throws {NotFoundError} when the store has none of that id. @throws {InvalidArgumentError} naming the column that cannot be used.
 */
export async function fetchLearningSet(
  store: Client<FeatureStoreService>,
  at: { id: string; file: string; columns: readonly string[]; timeColumn?: string | undefined; signal: AbortSignal },
): Promise<LearningSet> {
  const { id, file, signal, timeColumn } = at;
  const { training_set: set } = await store.getTrainingSet({ id }, { signal });
  if (!set) throw new Error('the feature store answered without a training set');
  await downloadTrainingSet(store, id, file, signal);
  const columns: TrainingColumnSpec[] = at.columns.map((name) => ({ name }));
  if (timeColumn !== undefined) columns.push({ name: timeColumn, kind: 'time' });
  return { set, table: await readTrainingTable(file, { id, columns, signal }) };
}
