import type { Micros } from '@slipway/kernel';
import type { FeatureDependencies } from '../dependencies.ts';
import type { FeatureView } from '../repository/feature-repository.ts';
import type { Call } from '../unit-of-work.ts';

export interface ViewStatus {
  readonly view: FeatureView;
  /** Of the newest accepted row of its source; also their number. */
  readonly arrival: bigint;
  /** Up to which rows of this definition are online. */
  readonly onlineArrival: bigint;
  readonly lastEventTime: Micros | undefined;
  readonly materializeTime: Micros | undefined;
}

/** In the order of names. @param after name of the last one of the page before; empty for the first page. */
export async function listViews(
  { caller }: Call,
  { after, limit }: { readonly after: string; readonly limit: number },
  { unitOfWork, repositories }: FeatureDependencies,
): Promise<readonly ViewStatus[]> {
  const { repository } = await repositories.current(caller.workspace);
  const views = repository.views.filter(({ name }) => name > after).slice(0, limit);
  return unitOfWork.read(caller, async (reads) => {
    const sources = new Map((await reads.sources.all()).map((state) => [state.source, state]));
    const states = new Map((await reads.views.all()).map((state) => [state.view, state]));
    return views.map((view) => {
      const source = sources.get(view.source);
      const known = states.get(view.name);
      const state = known?.digest === view.digest ? known : undefined;
      return {
        view,
        arrival: source?.arrival ?? 0n,
        onlineArrival: state?.arrival ?? 0n,
        lastEventTime: source?.lastEventTime,
        materializeTime: state?.materializeTime,
      };
    });
  });
}
