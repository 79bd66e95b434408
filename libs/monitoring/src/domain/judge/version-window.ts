import { emptyWindow, poolWindows, type ProfileWindow, type ReferenceProfile } from '@slipway/reference-profile';
import type { CurrentDay } from '../current-days.ts';
import type { Day } from '../day.ts';
import type { VersionStats } from '../day-stats.ts';
import { LOOKBACK_DAYS, WINDOW_DAYS } from '../limits.ts';
import type { Monitor } from '../monitor.ts';
import { versionKey, type VersionRef } from '../versions.ts';

/** Rows of the last days of a version, pooled, and how many days those are. */
export interface TrailingWindow {
  readonly days: number;
  readonly window: ProfileWindow;
}

/** What a version did up to a day. */
export interface TrailingWindows {
  /** Over the last days on which it scored enough rows. */
  readonly scored: TrailingWindow;
  /** Over the last of them on which enough outcomes came; undefined when the day itself is not one. */
  readonly labelled: TrailingWindow | undefined;
}

export const statsOf = ({ stats }: Pick<CurrentDay, 'stats'>, version: Pick<VersionRef, 'model' | 'version'>) =>
  stats.versions.find((each) => versionKey(each) === versionKey(version));

/**
 * @param days oldest first; those after `day` do not count.
 * @returns undefined when the version did not score enough rows on `day` itself.
 */
export function trailingWindows(
  version: VersionRef,
  day: Day,
  days: readonly CurrentDay[],
  profile: ReferenceProfile,
  { rowsMin, coverageMin }: Pick<Monitor, 'rowsMin' | 'coverageMin'>,
): TrailingWindows | undefined {
  const scored = days.flatMap((each) => {
    if (each.day > day || each.day <= day - LOOKBACK_DAYS) return [];
    const stats = statsOf(each, version);
    return stats?.scores && stats.rows >= rowsMin ? [{ day: each.day, stats }] : [];
  });
  if (scored.at(-1)?.day !== day) return undefined;
  const labelled = scored.filter(({ stats }) => stats.labelled.rows >= stats.rows * coverageMin);
  const pool = (all: typeof scored): TrailingWindow => {
    const last = all.slice(-WINDOW_DAYS);
    const start = emptyWindow(profile);
    return {
      days: last.length,
      window: poolWindows(
        start,
        last.map(({ stats }) => windowOf(stats, start)),
      ),
    };
  };
  return { scored: pool(scored), labelled: labelled.at(-1)?.day === day ? pool(labelled) : undefined };
}

const windowOf = ({ rows, scores, features, labelled }: VersionStats, empty: ProfileWindow): ProfileWindow => ({
  rows,
  scores: scores ?? empty.scores,
  features: features ?? empty.features,
  labelled,
});
