import type { Approval } from '../approval.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { findVersion } from '../lookup.ts';
import type { Page } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';
import type { ListOfVersion } from './list-evaluations.ts';

/** Approvals and rejections, newest first. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. */
export function listApprovals(
  { caller }: Call,
  { model, version, ...page }: ListOfVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<Approval>> {
  return unitOfWork.read(caller, async (reads) => {
    await findVersion(reads, model, version);
    return reads.approvals.list(model, version, page);
  });
}
