import { checksOf, statisticOf, type Check } from '@slipway/reference-profile';
import type { DriftCheck } from '../alert.ts';
import type { CurrentDay } from '../current-days.ts';
import type { Day } from '../day.ts';
import { WINDOW_DAYS } from '../limits.ts';
import type { Monitor } from '../monitor.ts';
import { keyOfCheck, type Reference } from '../reference/references.ts';
import type { VersionRef } from '../versions.ts';
import { trailingWindows, type TrailingWindows } from './version-window.ts';

/** How a version is judged on a day. */
export interface Yardstick {
  readonly reference: Reference;
  /** A second one, with a longer reference, whose threshold counts where it is larger. */
  readonly elder: Reference | undefined;
  /** False for a version that has not answered long enough for its short reference. */
  readonly isOldEnough: boolean;
}

const NEEDS_LABELS = new Set<Check['kind']>(['calibration_gap', 'log_loss']);

/**
 * Compares the last days of a version with its reference.
 * @param days with `day` and those before it, oldest first.
 * @returns in the order of the profile's checks; empty when the version did not score enough rows on `day`.
 */
export function checkVersion(
  version: VersionRef,
  day: Day,
  days: readonly CurrentDay[],
  yardstick: Yardstick,
  monitor: Pick<Monitor, 'rowsMin' | 'coverageMin'>,
): readonly DriftCheck[] {
  const { profile } = yardstick.reference;
  const windows = trailingWindows(version, day, days, profile, monitor);
  return windows ? checksOf(profile).flatMap((check) => checkOne(check, windows, yardstick)) : [];
}

function checkOne(check: Check, { scored, labelled }: TrailingWindows, yardstick: Yardstick): readonly DriftCheck[] {
  const trailing = NEEDS_LABELS.has(check.kind) ? labelled : scored;
  const threshold = thresholdOf(check, yardstick);
  const value = trailing && statisticOf(yardstick.reference.profile, check, trailing.window);
  if (!trailing || value === undefined || threshold === undefined) return [];
  const isWhole = trailing.days === WINDOW_DAYS && yardstick.isOldEnough;
  const { kind, feature = '' } = check;
  return [{ check: kind, feature, value, threshold, days: trailing.days, exceeded: isWhole && value > threshold }];
}

function thresholdOf(check: Check, { reference, elder }: Yardstick): number | undefined {
  const key = keyOfCheck(check);
  const [own, other] = [reference.thresholds.get(key), elder?.thresholds.get(key)];
  return own === undefined || other === undefined ? (own ?? other) : Math.max(own, other);
}
