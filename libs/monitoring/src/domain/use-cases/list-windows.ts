import { UnavailableError } from '@slipway/kernel';
import type { DriftCheck } from '../alert.ts';
import { currentDays } from '../current-days.ts';
import { DAY_MAX, DAY_MIN, type Day } from '../day.ts';
import { checksOfDay, type DayToCheck } from '../judge/checks-of-day.ts';
import { LOOKBACK_DAYS } from '../limits.ts';
import type { Call } from '../unit-of-work.ts';
import type { DayWindow, EvaluationDependencies } from './evaluate-windows.ts';
import { getMonitor } from './read-monitors.ts';

export interface ListWindows {
  readonly objective: string;
  /** Undefined for no bound. */
  readonly from: Day | undefined;
  readonly until: Day | undefined;
  /** Days at most. */
  readonly limit: number;
}

/**
 * Days with the numbers and checks of each version as of now, oldest first; open ones too. Without checks while a reference cannot be fetched.
 * @throws {NotFoundError} reason MONITOR_NOT_FOUND.
 */
export async function listWindows(
  call: Call,
  { objective, from, until, limit }: ListWindows,
  deps: EvaluationDependencies,
  signal: AbortSignal,
): Promise<readonly DayWindow[]> {
  const { workspace } = call.caller;
  const monitor = await getMonitor(call, objective, deps);
  const scope = { workspace, monitor };
  const wanted = { from: from ?? DAY_MIN, until: until ?? DAY_MAX };
  const days = await currentDays(call, scope, wanted, deps, signal, limit);
  const first = days[0];
  if (!first) return [];
  const before = await currentDays(call, scope, { from: first.day - LOOKBACK_DAYS, until: first.day }, deps, signal);
  const windows: DayWindow[] = [];
  for (const day of days) {
    const known = [...before, ...days].filter((each) => each.day <= day.day && each.day > day.day - LOOKBACK_DAYS);
    windows.push({ day, checks: await checksOrNone({ workspace, monitor, day: day.day, days: known }, deps, signal) });
  }
  return windows;
}

async function checksOrNone(
  day: DayToCheck,
  deps: EvaluationDependencies,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DriftCheck[]>> {
  try {
    return await checksOfDay(day, deps, signal);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    deps.log.warn({ error }, 'windows are shown without checks: a reference cannot be fetched');
    return new Map();
  }
}
