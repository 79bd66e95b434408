import type { RegistryDependencies } from '../dependencies.ts';
import type { Evaluation } from '../evaluation.ts';
import { findVersion } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

export interface ListOfVersion extends PageRequest {
  readonly model: string;
  readonly version: bigint;
}

/** Newest first. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. */
export function listEvaluations(
  { caller }: Call,
  { model, version, ...page }: ListOfVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<Evaluation>> {
  return unitOfWork.read(caller, async (reads) => {
    await findVersion(reads, model, version);
    return reads.evaluations.list(model, version, page);
  });
}
