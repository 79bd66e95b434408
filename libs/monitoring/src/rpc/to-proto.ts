import type {
  Alert as AlertMessage,
  DayWindow as DayWindowMessage,
  DriftCheck as DriftCheckMessage,
  ExperimentDay as ExperimentDayMessage,
  Monitor as MonitorMessage,
  VersionWindow,
} from '@slipway/contracts/slipway.monitoring.v1';
import type { Micros } from '@slipway/kernel';
import { checksOf } from '@slipway/reference-profile';
import type { Alert, DriftCheck } from '../domain/alert.ts';
import { dayText } from '../domain/day.ts';
import type { VersionStats } from '../domain/day-stats.ts';
import { WINDOW_DAYS } from '../domain/limits.ts';
import type { Monitor } from '../domain/monitor.ts';
import { keyOfCheck, type Reference } from '../domain/reference/references.ts';
import type { DayWindow } from '../domain/use-cases/evaluate-windows.ts';
import type { ExperimentDay } from '../domain/use-cases/get-experiment-days.ts';
import { versionKey } from '../domain/versions.ts';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1_000 };
}

export const toMonitorMessage = (monitor: Monitor): MonitorMessage => ({
  objective: monitor.objective,
  output: monitor.output,
  label_delay_seconds: `${monitor.labelDelaySeconds}`,
  coverage_min: monitor.coverageMin,
  rows_min: `${monitor.rowsMin}`,
  false_alarm_days: monitor.falseAlarmDays,
  manual: monitor.manual,
  revision: `${monitor.revision}`,
  update_time: toTimestamp(monitor.updateTime),
  evaluated_until: monitor.evaluatedUntil === undefined ? null : toTimestamp(monitor.evaluatedUntil),
});

const toCheckMessage = (check: DriftCheck): DriftCheckMessage => ({ ...check });

/** Means over no rows are NaN, as the contract has it. */
const toVersionWindow = (stats: VersionStats, checks: readonly DriftCheck[]): VersionWindow => ({
  model: stats.model,
  version: `${stats.version}`,
  digest: stats.digest,
  served: stats.answered > 0,
  rows: `${stats.rows}`,
  labelled_rows: `${stats.labelled.rows}`,
  mean_score: stats.scoreSum / stats.rows,
  mean_label: stats.labelled.positives / stats.labelled.rows,
  log_loss: stats.labelled.logLossSum / stats.labelled.rows,
  brier: stats.labelled.brierSum / stats.labelled.rows,
  checks: checks.map(toCheckMessage),
});

export const toWindowMessage = ({ day: { day, closed, stats }, checks }: DayWindow): DayWindowMessage => ({
  day: dayText(day),
  closed,
  versions: stats.versions.map((version) => toVersionWindow(version, checks.get(versionKey(version)) ?? [])),
  rows: `${stats.rows}`,
  labelled_rows: `${stats.labelledRows}`,
  log_loss: stats.answeredLogLossSum / stats.answeredLabelledRows,
});

export const toAlertMessage = (alert: Alert): AlertMessage => ({
  id: alert.id,
  objective: alert.objective,
  model: alert.version.model,
  version: `${alert.version.version}`,
  kind: alert.kind,
  first_day: dayText(alert.firstDay),
  last_day: dayText(alert.lastDay),
  open: alert.open,
  checks: alert.checks.map(toCheckMessage),
  create_time: toTimestamp(alert.createTime),
});

export const toExperimentDays = ({ day, sums }: ExperimentDay): ExperimentDayMessage[] =>
  sums.map((each) => ({
    day: dayText(day),
    arm: each.arm,
    version: { model: each.version.model, version: `${each.version.version}` },
    rows: `${each.rows}`,
    labelled_rows: `${each.labelledRows}`,
    units: `${each.units}`,
    log_loss_sum: each.logLossSum,
    brier_sum: each.brierSum,
    reference_log_loss_sum: each.referenceLogLossSum,
    reference_brier_sum: each.referenceBrierSum,
  }));

/** The thresholds of a reference, as checks without a value. */
export const toThresholds = ({ profile, thresholds }: Reference): DriftCheckMessage[] =>
  checksOf(profile).flatMap((check) => {
    const threshold = thresholds.get(keyOfCheck(check));
    if (threshold === undefined) return [];
    const { kind, feature = '' } = check;
    return [{ check: kind, feature, value: Number.NaN, threshold, days: WINDOW_DAYS, exceeded: false }];
  });
