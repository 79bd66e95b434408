import type { CurrentDay } from '../current-days.ts';
import type { Day } from '../day.ts';
import { LOOKBACK_DAYS, WINDOW_DAYS } from '../limits.ts';
import { versionKey, type VersionRef } from '../versions.ts';

/** Which version answered most rows of these days; of equals the first by name and number. Undefined when none answered. */
export function mainOf(days: readonly Pick<CurrentDay, 'stats'>[]): VersionRef | undefined {
  const answered = new Map<string, { readonly ref: VersionRef; rows: number }>();
  for (const { stats } of days) {
    for (const { model, version, digest, answered: rows } of stats.versions) {
      const ref = { model, version, digest };
      const known = answered.get(versionKey(ref)) ?? { ref, rows: 0 };
      answered.set(versionKey(ref), known);
      known.rows += rows;
    }
  }
  let best: { readonly ref: VersionRef; readonly rows: number } | undefined;
  for (const each of answered.values()) if (each.rows > (best?.rows ?? 0)) best = each;
  return best?.ref;
}

/** Versions that alerts are about: those that answered most rows of the day, or of the last days with rows. */
export function alertedVersions(day: Day, days: readonly CurrentDay[]): readonly VersionRef[] {
  const known = days.filter((each) => each.day <= day && each.day > day - LOOKBACK_DAYS);
  const mains = [mainOf(known.slice(-1)), mainOf(known.slice(-WINDOW_DAYS))];
  const byKey = new Map(mains.flatMap((main) => (main ? [[versionKey(main), main] as const] : [])));
  return [...byKey.values()];
}
