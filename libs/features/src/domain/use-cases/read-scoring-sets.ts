import type { FeatureDependencies } from '../dependencies.ts';
import { scoringSetNotFound } from '../errors.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { ConsumerPosition, ScoringSet } from '../scoring/scoring-set.ts';
import type { Call } from '../unit-of-work.ts';

type ConsumerPage = PageRequest & {
  /** undefined for all. */
  readonly consumer: string | undefined;
};

/** @throws {NotFoundError} reason SCORING_SET_NOT_FOUND. */
export const getScoringSet = ({ caller }: Call, id: string, { unitOfWork }: FeatureDependencies): Promise<ScoringSet> =>
  unitOfWork.read(caller, async ({ scoringSets }) => {
    const found = await scoringSets.get(id);
    if (!found) throw scoringSetNotFound(id);
    return found;
  });

/** Newest first. */
export const listScoringSets = (
  { caller }: Call,
  { consumer, ...page }: ConsumerPage,
  { unitOfWork }: FeatureDependencies,
): Promise<Page<ScoringSet>> => unitOfWork.read(caller, ({ scoringSets }) => scoringSets.list(consumer, page));

export interface ListedPosition {
  readonly position: ConsumerPosition;
  /** Of the source. */
  readonly newestArrival: bigint;
}

/** In the order of consumer and source. */
export const listPositions = (
  { caller }: Call,
  { consumer, ...page }: ConsumerPage,
  { unitOfWork }: FeatureDependencies,
): Promise<Page<ListedPosition>> =>
  unitOfWork.read(caller, async ({ positions, sources }) => {
    const { items, ...rest } = await positions.list(consumer, page);
    const newest = new Map((await sources.all()).map(({ source, arrival }) => [source, arrival]));
    return {
      items: items.map((position) => ({ position, newestArrival: newest.get(position.source) ?? 0n })),
      ...rest,
    };
  });
