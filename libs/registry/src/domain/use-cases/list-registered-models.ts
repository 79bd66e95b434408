import type { RegistryDependencies } from '../dependencies.ts';
import type { ModelView } from '../lookup.ts';
import { readOrder, type Page, type PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

export interface ListRegisteredModels extends PageRequest {
  /** `name` (the default) or `create_time`, with ` desc` for the reverse. */
  readonly orderBy: string;
}

/** @throws {InvalidArgumentError} on another order or a token of another list. */
export async function listRegisteredModels(
  { caller }: Call,
  { orderBy, ...page }: ListRegisteredModels,
  { unitOfWork }: RegistryDependencies,
): Promise<Page<ModelView>> {
  const order = readOrder(orderBy, ['name', 'create_time']);
  return unitOfWork.read(caller, async (reads) => {
    const { items, ...rest } = await reads.models.list(order, page);
    const aliases = await reads.aliases.ofModels(items.map(({ name }) => name));
    const byModel = Map.groupBy(aliases, (alias) => alias.model);
    return { items: items.map((model) => ({ model, aliases: byModel.get(model.name) ?? [] })), ...rest };
  });
}
