import type { Analysis } from '../analysis/analysis.ts';
import type { ExposureCount } from '../analysis/sample-ratio.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import { experimentNotFound } from '../errors.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { RoutingExperiment } from '../routing-experiment.ts';
import type { Call, RoutingReads } from '../unit-of-work.ts';

/** An experiment with what is known about it. */
export interface ExperimentView {
  readonly experiment: RoutingExperiment;
  readonly counts: readonly ExposureCount[];
  /** The newest one. */
  readonly analysis: Analysis | undefined;
}

export async function viewOf(reads: RoutingReads, experiment: RoutingExperiment): Promise<ExperimentView> {
  const counts = await reads.exposures.counts(experiment.id);
  return { experiment, counts, analysis: await reads.analyses.newest(experiment.id) };
}

/** @throws {NotFoundError} */
export async function readExperiment(reads: RoutingReads, id: string): Promise<RoutingExperiment> {
  const found = await reads.experiments.get(id);
  if (!found) throw experimentNotFound(id);
  return found;
}

export const getExperiment = (
  { caller }: Call,
  id: string,
  { unitOfWork }: RoutingDependencies,
): Promise<ExperimentView> => unitOfWork.read(caller, async (reads) => viewOf(reads, await readExperiment(reads, id)));

export const listExperiments = (
  { caller }: Call,
  query: PageRequest & { readonly objective: string | undefined },
  { unitOfWork }: RoutingDependencies,
): Promise<Page<ExperimentView>> =>
  unitOfWork.read(caller, async (reads) => {
    const page = await reads.experiments.list(query.objective, query);
    const items: ExperimentView[] = [];
    for (const experiment of page.items) items.push(await viewOf(reads, experiment));
    return { ...page, items };
  });

/** @throws {NotFoundError} */
export const listAnalyses = (
  { caller }: Call,
  query: PageRequest & { readonly id: string },
  { unitOfWork }: RoutingDependencies,
): Promise<Page<Analysis>> =>
  unitOfWork.read(caller, async (reads) => {
    await readExperiment(reads, query.id);
    return reads.analyses.list(query.id, query);
  });
