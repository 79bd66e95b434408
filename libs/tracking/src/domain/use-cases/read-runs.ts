import type { TrackingDependencies } from '../dependencies.ts';
import { findRun } from '../lookup.ts';
import type { MetricPoint } from '../metric.ts';
import type { Page, PageRequest, View } from '../paging.ts';
import { EVERYTHING, PAGE_CHARS_MAX, type RunProjection } from '../run-projection.ts';
import type { RunView } from '../run.ts';
import { parseRunFilter, parseRunOrder } from '../search/run-search.ts';
import type { Call } from '../unit-of-work.ts';

/** Deleted ones are found too. @throws {NotFoundError} reason RUN_NOT_FOUND. */
export const getRun = (
  { caller }: Call,
  { runId }: { readonly runId: string },
  { unitOfWork }: TrackingDependencies,
): Promise<RunView> => unitOfWork.read(caller, async (reads) => reads.runs.view(await findRun(reads, runId)));

export interface SearchRuns extends PageRequest {
  readonly experiments: readonly bigint[];
  readonly filter: string;
  readonly view: View;
  readonly orderBy: readonly string[];
  readonly projection?: RunProjection;
  /** Of a page, as the query counts them. */
  readonly charsMax?: number;
}

/**
 * Experiments that do not exist have no runs.
 * @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID, naming the position, or on a token of another search.
 */
export async function searchRuns(
  { caller }: Call,
  { experiments, filter, view, orderBy, projection = EVERYTHING, charsMax = PAGE_CHARS_MAX, ...page }: SearchRuns,
  { unitOfWork }: TrackingDependencies,
): Promise<Page<RunView>> {
  const query = {
    experiments,
    filter: parseRunFilter(filter),
    view,
    order: parseRunOrder(orderBy),
    projection,
    charsMax,
  };
  if (experiments.length === 0) return { items: [] };
  return unitOfWork.read(caller, ({ runs }) => runs.search(query, page));
}

export interface GetMetricHistory extends PageRequest {
  readonly runId: string;
  readonly key: string;
}

/** Empty for a metric that the run does not have. @throws {NotFoundError} reason RUN_NOT_FOUND. */
export const getMetricHistory = (
  { caller }: Call,
  { runId, key, ...page }: GetMetricHistory,
  { unitOfWork }: TrackingDependencies,
): Promise<Page<MetricPoint>> =>
  unitOfWork.read(caller, async (reads) => {
    await findRun(reads, runId);
    return reads.metrics.history(runId, key, page);
  });
