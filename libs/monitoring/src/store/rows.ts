import { canonicalJson, type JsonValue } from '@slipway/kernel';
import type { Alert, AlertKind, DriftCheck } from '../domain/alert.ts';
import type { DayStats } from '../domain/day-stats.ts';
import type { Monitor } from '../domain/monitor.ts';
import type { DayRecord } from '../domain/unit-of-work.ts';
import type { AlertRecord, DayRecordRow, MonitorRecord } from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
const fromJson = (json: JsonValue): unknown => json;
/** Without undefined fields: the ORM would keep them as null. */
export const toJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;
/** As a JSON column writes it, for plain SQL. */
export const jsonText = (value: unknown): string => canonicalJson(toJson(value));

export const monitorOf = (row: MonitorRecord): Monitor => ({
  objective: row.objective,
  output: row.output,
  labelDelaySeconds: Number(row.labelDelaySeconds),
  coverageMin: row.coverageMin,
  rowsMin: Number(row.rowsMin),
  falseAlarmDays: row.falseAlarmDays,
  manual: row.manual,
  revision: row.revision,
  updateTime: row.updateTime,
  evaluatedUntil: row.evaluatedUntil ?? undefined,
});

export const monitorRowOf = (workspace: string, monitor: Monitor) => ({
  workspace,
  ...monitor,
  labelDelaySeconds: BigInt(monitor.labelDelaySeconds),
  rowsMin: BigInt(monitor.rowsMin),
  evaluatedUntil: monitor.evaluatedUntil ?? null,
});

export function dayOfRow(row: DayRecordRow): DayRecord {
  const { day, closed, mainModel: model, mainVersion: version, mainDigest: digest, stats } = row;
  const hasMain = typeof model === 'string' && typeof version === 'bigint';
  return {
    day,
    closed,
    main: hasMain ? { model, version: Number(version), digest: digest ?? '' } : undefined,
    stats: stats === null || stats === undefined ? undefined : (fromJson(stats) as DayStats),
  };
}

export const alertOf = (row: AlertRecord): Alert => ({
  id: row.id,
  objective: row.objective,
  version: { model: row.model, version: Number(row.version) },
  kind: row.kind as AlertKind,
  firstDay: row.firstDay,
  lastDay: row.lastDay,
  open: row.open,
  checks: fromJson(row.checks) as readonly DriftCheck[],
  createTime: row.createTime,
});

export const alertRowOf = (workspace: string, { version, checks, ...alert }: Alert) => ({
  workspace,
  ...alert,
  model: version.model,
  version: BigInt(version.version),
  checks: toJson(checks),
});
