import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { killMarked } from './kill-run.ts';

const PREFIX = 'run-';

/** Folder of one training; all of it goes when the training is over. */
export interface Scratch {
  readonly dataFile: string;
  readonly jobFile: string;
  /** Where the program leaves its model. */
  readonly modelDirectory: string;
  /** The program's TMPDIR. */
  readonly temporaryDirectory: string;
  /** See `Program.mark`. */
  readonly mark: string;
  remove(): Promise<void>;
}

const MODEL_VARIABLE = 'SLIPWAY_MODEL_DIRECTORY';
const modelDirectoryOf = (folder: string): string => join(folder, 'model');
const markOf = (folder: string): string => `${MODEL_VARIABLE}=${modelDirectoryOf(folder)}`;
const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** @param parent absolute folder of the driver. @param id unique. */
export async function makeScratch(parent: string, id: string): Promise<Scratch> {
  const folder = join(parent, `${PREFIX}${id}`);
  const scratch: Scratch = {
    dataFile: join(folder, 'data.parquet'),
    jobFile: join(folder, 'job.json'),
    modelDirectory: modelDirectoryOf(folder),
    temporaryDirectory: join(folder, 'tmp'),
    mark: markOf(folder),
    remove: () => remove(folder),
  };
  await mkdir(folder, { mode: 0o700 });
  await mkdir(scratch.modelDirectory);
  await mkdir(scratch.temporaryDirectory);
  return scratch;
}

/** Ends and removes what a killed process of ours has left in the driver's folder. */
export async function clearScratch(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    await killMarked(markOf(folder));
    await remove(folder);
  }
}
