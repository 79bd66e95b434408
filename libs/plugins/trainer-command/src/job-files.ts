import { constants } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { InvalidArgumentError } from '@slipway/kernel';
import type { TrainingColumn, TrainingJob } from '@slipway/plugin-kit';
import { writeTrainingTable } from '@slipway/training-data';
import type { Scratch } from './scratch.ts';

/**
 * The data as Parquet: a copy of the table's file (the program could write to the original through a link), else the job's columns; and the
 * job as JSON: `{ target, task, features: [{ name, kind, categories? }], options, seed, rows, table }`, `table` being the table's id.
 * @throws {InvalidArgumentError} TRAINING_DATA_INVALID when the file cannot be read.
 */
export async function writeJobFiles(job: TrainingJob, scratch: Scratch, signal: AbortSignal): Promise<void> {
  const columns = [...job.features, job.target].flatMap((name) => columnOf(job, name) ?? []);
  const { file, rows, id } = job.table;
  if (file === undefined) await writeTrainingTable({ rows, columns }, scratch.dataFile, signal);
  else await copy(file, scratch.dataFile);
  signal.throwIfAborted();
  const features = columns.slice(0, -1).map((column) => {
    const { name, kind } = column;
    return column.kind === 'numeric' ? { name, kind } : { name, kind, categories: column.categories };
  });
  const { target, task, options, seed } = job;
  await writeFile(scratch.jobFile, JSON.stringify({ target, task, features, options, seed, rows, table: id }, null, 2));
}

const columnOf = ({ table }: TrainingJob, name: string): TrainingColumn | undefined =>
  table.columns.find((column) => column.name === name);

async function copy(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE); // shares the blocks where the file system can
  } catch (cause) {
    throw InvalidArgumentError.of('table.file', `'${from}' cannot be copied`, { reason: 'TRAINING_DATA_INVALID', cause }); // prettier-ignore
  }
}
