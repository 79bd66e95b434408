import type { DriftCheck } from '../alert.ts';
import type { CurrentDay } from '../current-days.ts';
import type { Day } from '../day.ts';
import type { Monitor } from '../monitor.ts';
import { versionKey } from '../versions.ts';
import { checkVersion } from './check-version.ts';
import { mainOf } from './main-version.ts';
import { yardstickOf, type YardstickDependencies } from './yardstick.ts';

export interface DayToCheck {
  readonly workspace: string;
  readonly monitor: Monitor;
  readonly day: Day;
  /** With `day` and as many before it as a window looks back, oldest first. */
  readonly days: readonly CurrentDay[];
}

/** Checks of every version of a day that has a reference, by `model/version`. @throws {UnavailableError} when a profile cannot be fetched now. */
export async function checksOfDay(
  { workspace, monitor, day, days }: DayToCheck,
  deps: YardstickDependencies,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DriftCheck[]>> {
  const current = days.filter((each) => each.day === day);
  const main = mainOf(current);
  const checks = new Map<string, readonly DriftCheck[]>();
  for (const version of current.flatMap(({ stats }) => stats.versions)) {
    const yardstick = await yardstickOf(version, { workspace, monitor, day, main }, deps, signal);
    if (yardstick) checks.set(versionKey(version), checkVersion(version, day, days, yardstick, monitor));
  }
  return checks;
}
