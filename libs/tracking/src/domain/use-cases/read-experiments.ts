import type { TrackingDependencies } from '../dependencies.ts';
import { experimentNameNotFound, experimentNotFound } from '../errors.ts';
import type { Experiment } from '../experiment.ts';
import type { Page, PageRequest, View } from '../paging.ts';
import { PAGE_CHARS_MAX } from '../run-projection.ts';
import { parseExperimentFilter, parseExperimentOrder } from '../search/experiment-search.ts';
import type { Call, DatasetSummary } from '../unit-of-work.ts';

/** Deleted ones are found too. @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND. */
export async function getExperiment(
  call: Call,
  selector: { readonly id: bigint } | { readonly name: string },
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<Experiment> {
  await workspaces.ensure(call);
  return unitOfWork.read(call.caller, async ({ experiments }) => {
    if ('id' in selector) {
      const found = await experiments.get(selector.id);
      if (found) return found;
      throw experimentNotFound(selector.id.toString());
    }
    const named = await experiments.findByName(selector.name);
    if (named) return named;
    throw experimentNameNotFound(selector.name);
  });
}

export interface SearchExperiments extends PageRequest {
  readonly filter: string;
  readonly view: View;
  readonly orderBy: readonly string[];
  /** Of a page, as the query counts them. */
  readonly charsMax?: number;
}

/** @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID, naming the position, or on a token of another search. */
export async function searchExperiments(
  call: Call,
  { filter, view, orderBy, charsMax = PAGE_CHARS_MAX, ...page }: SearchExperiments,
  { unitOfWork, workspaces }: TrackingDependencies,
): Promise<Page<Experiment>> {
  const query = { filter: parseExperimentFilter(filter), view, order: parseExperimentOrder(orderBy), charsMax };
  await workspaces.ensure(call);
  return unitOfWork.read(call.caller, ({ experiments }) => experiments.search(query, page));
}

/** More are not told: they are for a list that somebody looks at. */
const DATASETS_MAX = 1_000;

/** Datasets that runs of these experiments have read; those that do not exist have none. */
export const searchDatasets = (
  { caller }: Call,
  { experiments }: { readonly experiments: readonly bigint[] },
  { unitOfWork }: TrackingDependencies,
): Promise<readonly DatasetSummary[]> =>
  unitOfWork.read(caller, ({ inputs }) => inputs.summaries(experiments, DATASETS_MAX));
