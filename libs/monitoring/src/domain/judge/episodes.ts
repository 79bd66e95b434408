import type { Alert, AlertKind, DriftCheck } from '../alert.ts';
import type { Day } from '../day.ts';
import { versionKey, type VersionRef } from '../versions.ts';

/** Checks that open an alert; the others are information. */
const ALARMING: ReadonlySet<string> = new Set(['score_psi', 'calibration_gap', 'log_loss']);
export const ALERT_KINDS: readonly AlertKind[] = ['drift', 'performance'];
const kindOf = ({ check }: DriftCheck): AlertKind => (check === 'log_loss' ? 'performance' : 'drift');

/** A version that alerts are about, as it was found on a day. */
export interface JudgedVersion {
  readonly version: VersionRef;
  /** Empty when it did not score enough rows, or has no reference. */
  readonly checks: readonly DriftCheck[];
}

/** What a closed day changes about alerts. */
export interface AlertChanges {
  readonly opened: readonly {
    readonly version: VersionRef;
    readonly kind: AlertKind;
    readonly checks: readonly DriftCheck[];
  }[];
  readonly lasting: readonly Alert[];
  readonly ended: readonly Alert[];
}

/**
 * One episode of one version and kind is one alert: it begins when a check exceeds, and goes on until a day on which none of them does, or on
 * which the version is not alerted on any more. A day without a check of the kind (too few rows, or outcomes) leaves it as it is.
 */
export function alertChanges(judged: readonly JudgedVersion[], open: readonly Alert[], day: Day): AlertChanges {
  const changes = { opened: [] as AlertChanges['opened'][number][], lasting: [] as Alert[], ended: [] as Alert[] };
  for (const { version, checks } of judged) {
    for (const kind of ALERT_KINDS) {
      const known = open.find((alert) => alert.kind === kind && versionKey(alert.version) === versionKey(version));
      const relevant = checks.filter((check) => kindOf(check) === kind);
      const alarming = relevant.filter(({ check }) => ALARMING.has(check));
      if (alarming.some(({ exceeded }) => exceeded)) {
        if (known) changes.lasting.push({ ...known, lastDay: day });
        else changes.opened.push({ version, kind, checks: strongestFirst(relevant) });
      } else if (known && alarming.length > 0) changes.ended.push(known);
    }
  }
  const isJudged = (alert: Alert): boolean =>
    judged.some(({ version }) => versionKey(version) === versionKey(alert.version));
  changes.ended.push(...open.filter((alert) => !isJudged(alert)));
  return changes;
}

/** Those that exceed: alarming ones before information, then by how far they are over their threshold. */
function strongestFirst(checks: readonly DriftCheck[]): readonly DriftCheck[] {
  const rank = ({ check }: DriftCheck): number => (ALARMING.has(check) ? 0 : 1);
  const excess = ({ value, threshold }: DriftCheck): number => (threshold > 0 ? value / threshold : Infinity);
  return checks
    .filter(({ exceeded }) => exceeded)
    .sort((left, right) => rank(left) - rank(right) || excess(right) - excess(left));
}
