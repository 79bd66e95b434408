import type { RegistryDependencies } from '../dependencies.ts';
import { viewOf, type ModelView, type VersionView } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import { readModelSearch, readVersionSearch } from '../search/registry-search.ts';
import type { Call } from '../unit-of-work.ts';

export interface SearchRegistry extends PageRequest {
  readonly filter: string;
  readonly orderBy: readonly string[];
}

/** @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID, or on a token of another search. */
export async function searchRegisteredModels(
  { caller }: Call,
  { filter, orderBy, ...page }: SearchRegistry,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<ModelView>> {
  const search = readModelSearch({ filter, orderBy });
  return unitOfWork.read(caller, async (reads) => {
    const { items, ...rest } = await reads.models.search(search, page);
    const aliases = await reads.aliases.ofModels(items.map(({ name }) => name));
    const byModel = Map.groupBy(aliases, (alias) => alias.model);
    return { items: items.map((model) => ({ model, aliases: byModel.get(model.name) ?? [] })), ...rest };
  });
}

/** @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID, or on a token of another search. */
export async function searchModelVersions(
  { caller }: Call,
  { filter, orderBy, ...page }: SearchRegistry,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<VersionView>> {
  const search = readVersionSearch({ filter, orderBy });
  return unitOfWork.read(caller, async (reads) => {
    const { items, ...rest } = await reads.versions.search(search, page);
    const aliases = await reads.aliases.ofModels([...new Set(items.map(({ model }) => model))]);
    const byModel = Map.groupBy(aliases, (alias) => alias.model);
    return { items: items.map((version) => viewOf(version, byModel.get(version.model) ?? [])), ...rest };
  });
}
