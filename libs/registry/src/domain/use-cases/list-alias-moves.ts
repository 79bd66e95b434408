import type { AliasMove, AliasName } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { modelAliasNotFound } from '../errors.ts';
import { findModel } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

/** Newest first; also of an alias that is deleted. @throws {NotFoundError} reason MODEL_NOT_FOUND, or MODEL_ALIAS_NOT_FOUND when it never was. */
export function listAliasMoves(
  { caller }: Call,
  { model, alias, ...page }: AliasName & PageRequest,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<AliasMove>> {
  return unitOfWork.read(caller, async (reads) => {
    await findModel(reads, model);
    if (!(await reads.aliases.get(model, alias))) throw modelAliasNotFound(model, alias);
    return reads.moves.list(model, alias, page);
  });
}
