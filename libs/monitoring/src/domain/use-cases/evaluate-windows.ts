import type { Micros } from '@slipway/kernel';
import type { Alert, DriftCheck } from '../alert.ts';
import { currentDays, type CurrentDay } from '../current-days.ts';
import { DAY_MICROS, DAY_MIN, dayOf, startOf, type Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { monitorNotFound } from '../errors.ts';
import { alertChanges, type JudgedVersion } from '../judge/episodes.ts';
import { alertedVersions, mainOf } from '../judge/main-version.ts';
import { checksOfDay } from '../judge/checks-of-day.ts';
import { LOOKBACK_DAYS } from '../limits.ts';
import type { Monitor } from '../monitor.ts';
import type { References } from '../reference/references.ts';
import type { Call, MonitoringTransaction } from '../unit-of-work.ts';
import { versionKey, type VersionRef } from '../versions.ts';

export interface EvaluationDependencies extends MonitoringDependencies {
  readonly references: References;
}

/** A day with its numbers and the checks of each version. */
export interface DayWindow {
  readonly day: CurrentDay;
  /** By `model/version`. */
  readonly checks: ReadonlyMap<string, readonly DriftCheck[]>;
}

export interface Evaluation {
  readonly windows: readonly DayWindow[];
  readonly alerts: readonly Alert[];
}

/**
 * Closes and judges the days with predictions that ended, with the delay of labels, at or before `until`; oldest first, each in one transaction
 * with its alerts and events. Of two evaluations at once one closes a day. A day before the last closed one is never judged.
 * @returns what this call closed and opened.
 * @throws {NotFoundError} reason MONITOR_NOT_FOUND. @throws {UnavailableError} when a profile cannot be fetched now: what was closed stays.
 */
export async function evaluateWindows(
  call: Call,
  { objective, until }: { readonly objective: string; readonly until: Micros },
  deps: EvaluationDependencies,
  signal: AbortSignal,
): Promise<Evaluation> {
  const windows: DayWindow[] = [];
  const alerts: Alert[] = [];
  for (;;) {
    signal.throwIfAborted();
    const next = await nextDay(call, objective, until, deps);
    if (!next) return { windows, alerts };
    const judged = await judgeDay(call, next.monitor, next.day, deps, signal);
    const opened = await deps.unitOfWork.run(call, (tx) => closeDay(tx, next.monitor, judged, deps));
    if (!opened) continue; // another evaluation closed it, or the monitor was changed
    windows.push({ ...judged, day: { ...judged.day, closed: true } });
    alerts.push(...opened);
  }
}

async function nextDay(
  { caller }: Call,
  objective: string,
  until: Micros,
  { unitOfWork }: Pick<MonitoringDependencies, 'unitOfWork'>,
): Promise<{ readonly monitor: Monitor; readonly day: Day } | undefined> {
  return unitOfWork.read(caller, async ({ monitors, days }) => {
    const monitor = await monitors.get(objective);
    if (!monitor) throw monitorNotFound(objective);
    const end = dayOf(until - BigInt(monitor.labelDelaySeconds) * 1_000_000n); // days before this one have ended
    const from = monitor.evaluatedUntil === undefined ? DAY_MIN : dayOf(monitor.evaluatedUntil);
    const [record] = await days.range(objective, { from, until: end }, 1);
    return record && { monitor, day: record.day };
  });
}

async function judgeDay(
  call: Call,
  monitor: Monitor,
  day: Day,
  deps: EvaluationDependencies,
  signal: AbortSignal,
): Promise<JudgedDay> {
  const { workspace } = call.caller;
  const range = { from: day - LOOKBACK_DAYS + 1, until: day + 1 };
  const days = await currentDays(call, { workspace, monitor }, range, deps, signal);
  const current = days.at(-1);
  if (current?.day !== day) throw new Error(`the day to judge has no predictions: ${day}`);
  const checks = await checksOfDay({ workspace, monitor, day, days }, deps, signal);
  const judged = alertedVersions(day, days).map((version) => ({
    version,
    checks: checks.get(versionKey(version)) ?? [],
  }));
  return { day: current, checks, judged, main: mainOf([current]) };
}

interface JudgedDay extends DayWindow {
  readonly judged: readonly JudgedVersion[];
  readonly main: VersionRef | undefined;
}

/** @returns alerts that it opened; undefined, and no change, when the day is not the next one any more. */
async function closeDay(
  tx: MonitoringTransaction,
  monitor: Monitor,
  { day: { day, stats }, judged, main }: JudgedDay,
  { ids }: Pick<MonitoringDependencies, 'ids'>,
): Promise<readonly Alert[] | undefined> {
  const { objective } = monitor;
  if (!(await tx.monitors.advance(monitor, startOf(day) + DAY_MICROS))) return undefined;
  await tx.days.close(objective, day, main);
  const changes = alertChanges(judged, await tx.alerts.open(objective), day);
  for (const alert of changes.lasting) await tx.alerts.update(alert, { lastDay: day, open: true });
  for (const alert of changes.ended) await tx.alerts.update(alert, { lastDay: alert.lastDay, open: false });
  tx.events.add({ kind: 'window-closed', objective, day, stats });
  const alerts: Alert[] = [];
  for (const { version, kind, checks } of changes.opened) {
    const { model, version: number } = version;
    const alert: Alert = {
      id: ids.next(),
      objective,
      version: { model, version: number },
      kind,
      firstDay: day,
      lastDay: day,
      open: true,
      checks,
      createTime: tx.now,
    };
    await tx.alerts.insert(alert);
    tx.events.add({ kind: 'alert-opened', alert });
    alerts.push(alert);
  }
  return alerts;
}
