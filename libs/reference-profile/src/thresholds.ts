import { InvalidArgumentError } from '@slipway/kernel';
import { checksOf, statisticOf, wholeReference, type Check } from './checks.ts';
import { dayNumberOf } from './days.ts';
import type { ReferenceProfile } from './profile.ts';
import { emptyWindow, poolWindows, windowOfDay, withoutWindow, type ProfileWindow } from './window.ts';

export interface Threshold extends Check {
  /** A window alarms when its statistic is greater. */
  readonly threshold: number;
  /** Windows of the reference that the statistic was taken of. */
  readonly windows: number;
  /** Runs of consecutive windows of the reference that alarm. */
  readonly episodes: number;
}

export interface Thresholds {
  /** Calendar days from the first to the last day of the reference. */
  readonly referenceDays: number;
  /** What was asked for, or the length of the reference where that is shorter: it cannot tell what happens more rarely. */
  readonly falseAlarmDays: number;
  /** Empty when there is a `missing`. */
  readonly thresholds: readonly Threshold[];
  /** Why there are none. */
  readonly missing?: string;
}

export interface ThresholdOptions {
  /** Length of a window. */
  readonly windowDays?: number;
  /** At most one false alarm of a check in so many days, if the future is like the reference. */
  readonly falseAlarmDays: number;
}

const WINDOW_DAYS = 7;

/**
 * What each check reaches by itself: its value over every window of consecutive days of the reference, against the reference without that window.
 * The threshold is the greatest of them when the budget covers the reference, else the value that `referenceDays / falseAlarmDays - 1` episodes
 * exceed at most. No distribution is assumed, and days may depend on each other; weather and seasons that the reference has seen raise no alarm.
 * @throws {InvalidArgumentError} on options that are not whole days.
 */
export function thresholdsOf(profile: ReferenceProfile, options: ThresholdOptions): Thresholds {
  const { windowDays = WINDOW_DAYS } = options;
  assertDays('windowDays', windowDays);
  assertDays('falseAlarmDays', options.falseAlarmDays);
  const first = dayNumberOf(profile.days[0]?.day ?? '1970-01-01');
  const referenceDays = dayNumberOf(profile.days.at(-1)?.day ?? '1970-01-01') - first + 1;
  const falseAlarmDays = Math.min(options.falseAlarmDays, referenceDays);
  if (referenceDays < 2 * windowDays) {
    const missing = `the reference has ${referenceDays} days; windows of ${windowDays} days need at least ${2 * windowDays}`;
    return { referenceDays, falseAlarmDays, thresholds: [], missing };
  }
  const windows = slidingWindows(profile, first, referenceDays, windowDays);
  const allowed = Math.floor(referenceDays / falseAlarmDays) - 1;
  const thresholds = checksOf(profile).flatMap((check): Threshold[] => {
    const values = windows.map((pair) => pair && statisticOf(profile, check, pair.window, pair.others));
    const found = thresholdOf(values, allowed);
    return found ? [{ ...check, ...found }] : [];
  });
  return { referenceDays, falseAlarmDays, thresholds };
}

function assertDays(field: string, days: number): void {
  if (!Number.isInteger(days) || days < 1)
    throw InvalidArgumentError.of(field, `is ${days}; give whole days, 1 or more`);
}

/** One entry for each calendar day that can end a window; undefined when the window, or the rest, has no rows. */
function slidingWindows(
  profile: ReferenceProfile,
  first: number,
  referenceDays: number,
  windowDays: number,
): readonly ({ window: ProfileWindow; others: ProfileWindow } | undefined)[] {
  const empty = emptyWindow(profile);
  const whole = wholeReference(profile);
  const days = Array.from({ length: referenceDays }, () => empty);
  for (const day of profile.days) days[dayNumberOf(day.day) - first] = windowOfDay(day);
  return Array.from({ length: referenceDays - windowDays + 1 }, (_, start) => {
    const some = days.slice(start, start + windowDays).filter(({ rows }) => rows > 0);
    if (some.length === 0) return undefined;
    const window = poolWindows(empty, some);
    return window.rows === whole.rows ? undefined : { window, others: withoutWindow(whole, window) };
  });
}

/**
 * The least value that the windows exceed in at most `allowed` episodes, also for every greater value: allowing more never raises it.
 * @param values by window, in order of time.
 */
export function thresholdOf(
  values: readonly (number | undefined)[],
  allowed: number,
): Omit<Threshold, keyof Check> | undefined {
  const order = values.flatMap((value, at) => (value === undefined ? [] : [{ value, at }]));
  order.sort((left, right) => right.value - left.value);
  const highest = order[0];
  if (!highest) return undefined;
  const alarming = new Uint8Array(values.length + 2); // by window, one quiet place on either side
  let best = { threshold: highest.value, windows: order.length, episodes: 0 };
  let episodes = 0;
  for (const [index, { at, value }] of order.entries()) {
    alarming[at + 1] = 1;
    episodes += 1 - (alarming[at] ?? 0) - (alarming[at + 2] ?? 0); // a new one, a longer one, or two become one
    const next = order[index + 1]?.value;
    if (next === undefined || next === value) continue;
    if (episodes > allowed) break;
    best = { threshold: next, windows: order.length, episodes };
  }
  return best;
}
