import type { JoinedView } from '@slipway/plugin-kit';
import type { FeatureDependencies } from './dependencies.ts';
import { repositoryNotFound } from './errors.ts';
import type { FeatureJoinPlan } from './feature-join-plan.ts';
import { selectFeatures, type SelectedFeature } from './feature-selection.ts';
import type { Segment } from './ingestion.ts';
import { indexRepository, type IndexedRepository } from './repository-cache.ts';
import type { Call, FeatureReads } from './unit-of-work.ts';
import { toViewTable } from './view-table.ts';

/** What a plan is about, as it was when the plan was made. */
export interface FeatureSnapshot {
  readonly repository: IndexedRepository;
  readonly selected: readonly SelectedFeature[];
  /** By source. */
  readonly segments: ReadonlyMap<string, readonly Segment[]>;
}

/** Name of a feature's column in the result. */
export const outputName = ({ view, feature }: SelectedFeature, fullFeatureNames: boolean): string =>
  fullFeatureNames ? `${view.name}__${feature.name}` : feature.name;

/** Column of the rows for a join key. */
export const keyColumn = (keyColumns: Readonly<Record<string, string>>, joinKey: string): string =>
  Object.hasOwn(keyColumns, joinKey) ? (keyColumns[joinKey] ?? joinKey) : joinKey;

/** Arrival number of the newest row of each source that the features come from, as decimal text. */
export async function readArrivals(
  selected: readonly SelectedFeature[],
  { sources }: FeatureReads,
): Promise<Readonly<Record<string, string>>> {
  const needed = [...new Set(selected.map(({ view }) => view.source))].sort();
  const found: [string, string][] = [];
  for (const source of needed) found.push([source, ((await sources.get(source))?.arrival ?? 0n).toString()]);
  return Object.fromEntries(found);
}

/** @throws {NotFoundError} reason REPOSITORY_NOT_FOUND. */
export const readSnapshot = (
  { caller }: Call,
  plan: FeatureJoinPlan,
  { unitOfWork }: Pick<FeatureDependencies, 'unitOfWork'>,
): Promise<FeatureSnapshot> =>
  unitOfWork.read(caller, async ({ repositories, ingestions }) => {
    const revision = BigInt(plan.repositoryRevision);
    const applied = await repositories.get(revision);
    if (!applied) throw repositoryNotFound(revision);
    const repository = indexRepository(revision, applied.repository);
    const request = { features: plan.features, featureService: '' };
    const selected = plan.features.length === 0 ? [] : selectFeatures(request, repository);
    const segments = new Map<string, readonly Segment[]>();
    for (const [source, arrival] of Object.entries(plan.arrivals)) {
      segments.set(source, await ingestions.segments(source, BigInt(arrival)));
    }
    return { repository, selected, segments };
  });

/**
 * Features of one view that follow each other are one join; a view that comes again is joined again, so that columns keep their order.
 * @param pathOf of a stored file on this machine, by its sha256.
 */
export function toJoinedViews(
  plan: FeatureJoinPlan,
  { selected, segments }: FeatureSnapshot,
  pathOf: ReadonlyMap<string, string>,
): readonly JoinedView[] {
  const runs: SelectedFeature[][] = [];
  for (const one of selected) {
    const last = runs.at(-1);
    if (last?.[0]?.view === one.view) last.push(one);
    else runs.push([one]);
  }
  return runs.flatMap((run) => {
    const view = run[0]?.view;
    if (!view) return [];
    const parts = segments.get(view.source) ?? [];
    const paths = parts.map(({ file }) => pathOf.get(file.sha256) ?? '');
    const features = run.map(({ feature }) => feature);
    return {
      view: toViewTable(view, parts, paths, features),
      entityColumns: view.joinKeys.map(({ name }) => keyColumn(plan.keyColumns, name)),
      features: run.map((one) => ({ feature: one.feature.name, output: outputName(one, plan.fullFeatureNames) })),
      ttlMicros: BigInt(view.ttlMicros),
      createdCutoff: plan.createdCutoff,
    };
  });
}
