import type { FeatureDependencies } from '../dependencies.ts';
import { trainingSetNotFound } from '../errors.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { TrainingSet } from '../training-set.ts';
import type { Call } from '../unit-of-work.ts';

/** Fits the flow-control window of a connection several times, and any message limit. */
export const DOWNLOAD_CHUNK_BYTES_MAX = 256 * 1024;

/** @throws {NotFoundError} reason TRAINING_SET_NOT_FOUND. */
export function getTrainingSet(
  { caller }: Call,
  id: string,
  { unitOfWork }: FeatureDependencies,
): Promise<TrainingSet> {
  return unitOfWork.read(caller, async ({ trainingSets }) => {
    const found = await trainingSets.get(id);
    if (!found) throw trainingSetNotFound(id);
    return found;
  });
}

/** Newest first. */
export const listTrainingSets = (
  { caller }: Call,
  page: PageRequest,
  { unitOfWork }: FeatureDependencies,
): Promise<Page<TrainingSet>> => unitOfWork.read(caller, ({ trainingSets }) => trainingSets.list(page));

/**
 * The bytes of its file; nothing is read ahead of who iterates.
 * @throws {NotFoundError} reason TRAINING_SET_NOT_FOUND. @throws {DataLossError} reason STORED_FILE_LOST before a wrong file is complete.
 */
export async function* downloadTrainingSet(
  call: Call,
  id: string,
  deps: FeatureDependencies,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { files } = await getTrainingSet(call, id, deps);
  for (const file of files) {
    for await (const chunk of deps.files.read(call.caller.workspace, file, signal)) {
      for (let at = 0; at < chunk.length; at += DOWNLOAD_CHUNK_BYTES_MAX) {
        yield chunk.subarray(at, at + DOWNLOAD_CHUNK_BYTES_MAX);
      }
    }
  }
}
