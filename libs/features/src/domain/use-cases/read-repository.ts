import type { FeatureDependencies } from '../dependencies.ts';
import { repositoryNotFound } from '../errors.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { AppliedRepository, Call, RepositoryRevision } from '../unit-of-work.ts';

/** @param revision 0 is the one in force. @throws {NotFoundError} reason REPOSITORY_NOT_FOUND. */
export function getRepository(
  { caller }: Call,
  revision: bigint,
  { unitOfWork }: FeatureDependencies,
): Promise<AppliedRepository> {
  return unitOfWork.read(caller, async ({ repositories }) => {
    const number = revision === 0n ? await repositories.currentRevision() : revision;
    const applied = number === 0n ? undefined : await repositories.get(number);
    if (!applied) throw repositoryNotFound(revision);
    return applied;
  });
}

/** Newest first. */
export const listRepositoryRevisions = (
  { caller }: Call,
  page: PageRequest,
  { unitOfWork }: FeatureDependencies,
): Promise<Page<RepositoryRevision>> => unitOfWork.read(caller, ({ repositories }) => repositories.list(page));
