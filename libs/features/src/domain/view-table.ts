import type { ViewTable } from '@slipway/plugin-kit';
import type { Segment } from './ingestion.ts';
import { sha256Of } from './repository/digest.ts';
import type { Feature, FeatureView } from './repository/feature-repository.ts';

/** Names what the segments hold together. */
export const snapshotIdOf = (segments: readonly Segment[]): string =>
  sha256Of(segments.map(({ file }) => file.sha256).join(' '));

/** A view as the engine reads it. @param paths of the segments, in their order. @param features those that are needed. */
export function toViewTable(
  view: FeatureView,
  segments: readonly Segment[],
  paths: readonly string[],
  features: readonly Feature[] = view.features,
): ViewTable {
  return {
    name: view.name,
    files: paths,
    snapshotId: snapshotIdOf(segments),
    keys: view.joinKeys,
    features: features.map(({ name, type, column, aggregation }) => ({
      name,
      type,
      from: aggregation
        ? { aggregation: { function: aggregation.function, column, windowMicros: BigInt(aggregation.windowMicros) } }
        : { column },
    })),
  };
}
