import type { RegistryDependencies } from '../dependencies.ts';
import { findModel, viewOf, type VersionView } from '../lookup.ts';
import { readOrder, type Page, type PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

export interface ListModelVersions extends PageRequest {
  readonly model: string;
  /** `version` (the default), with ` desc` for the reverse. */
  readonly orderBy: string;
}

/** @throws {NotFoundError} reason MODEL_NOT_FOUND. @throws {InvalidArgumentError} on another order or a token of another list. */
export async function listModelVersions(
  { caller }: Call,
  { model, orderBy, ...page }: ListModelVersions,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<VersionView>> {
  const { descending } = readOrder(orderBy, ['version']);
  return unitOfWork.read(caller, async (reads) => {
    await findModel(reads, model);
    const { items, ...rest } = await reads.versions.list(model, descending, page);
    const aliases = await reads.aliases.ofModels([model]);
    return { items: items.map((version) => viewOf(version, aliases)), ...rest };
  });
}
