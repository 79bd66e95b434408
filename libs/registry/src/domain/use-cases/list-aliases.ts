import type { LiveAlias } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { allWorkspacesDenied } from '../errors.ts';
import { findModel } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

export interface ListAliases extends PageRequest {
  /** Undefined means all models. */
  readonly model: string | undefined;
  readonly allWorkspaces: boolean;
}

/**
 * @throws {DeniedError} reason ALL_WORKSPACES_DENIED unless the caller belongs to every workspace.
 * @throws {NotFoundError} reason MODEL_NOT_FOUND when one model of one workspace is asked for and does not exist.
 */
export async function listAliases(
  { caller }: Call,
  { model, allWorkspaces, ...page }: ListAliases,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<LiveAlias>> {
  if (allWorkspaces && !caller.allWorkspaces) throw allWorkspacesDenied(caller.principal);
  return unitOfWork.read(caller, async (reads) => {
    if (model !== undefined && !allWorkspaces) await findModel(reads, model);
    return reads.aliases.list({ model, allWorkspaces }, page);
  });
}
