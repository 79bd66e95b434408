import type { TrackingDependencies } from '../dependencies.ts';
import type { LoggedModelView } from '../logged-model.ts';
import { findLoggedModel } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import {
  parseLoggedModelFilter,
  parseLoggedModelOrder,
  type DatasetFilter,
  type LoggedModelOrderClause,
} from '../search/logged-model-search.ts';
import type { Call } from '../unit-of-work.ts';

/** @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND, also when it is deleted. */
export const getLoggedModel = (
  { caller }: Call,
  { modelId }: { readonly modelId: string },
  { unitOfWork }: TrackingDependencies,
): Promise<LoggedModelView> =>
  unitOfWork.read(caller, async (reads) => reads.models.view(await findLoggedModel(reads, modelId)));

export interface SearchLoggedModels extends PageRequest {
  readonly experiments: readonly bigint[];
  readonly filter: string;
  /** Conditions on metrics look only at values on these; none is all. */
  readonly datasets: readonly DatasetFilter[];
  readonly orderBy: readonly LoggedModelOrderClause[];
}

/**
 * Experiments that do not exist have no models.
 * @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID, naming the position, or on a token of another search.
 */
export async function searchLoggedModels(
  { caller }: Call,
  { experiments, filter, datasets, orderBy, ...page }: SearchLoggedModels,
  { unitOfWork }: TrackingDependencies,
): Promise<Page<LoggedModelView>> {
  const order = parseLoggedModelOrder(orderBy);
  const query = { experiments, filter: parseLoggedModelFilter(filter), datasets, order };
  if (experiments.length === 0) return { items: [] };
  return unitOfWork.read(caller, ({ models }) => models.search(query, page));
}
