import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
/** Of a registered model: 200 letters of any script. */
const modelName = () => columns.text(800);
/** Sums of many versions and features. */
const sumsJson = () => columns.json<JsonValue>(32 * 1024 * 1024);
const day = () => p.integer();

export const MonitorRow = defineEntity({
  name: 'MonitoringMonitorRow',
  tableName: 'monitoring_monitor',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    output: name(),
    labelDelaySeconds: columns.int64(),
    coverageMin: columns.float64(),
    rowsMin: columns.int64(),
    falseAlarmDays: p.integer(),
    manual: p.boolean(),
    revision: columns.int64(),
    updateTime: columns.micros(),
    evaluatedUntil: columns.micros().nullable(),
  },
});

/** Predictions of one objective and day that one event brought, as columns. Only added; an index counts them without touching the payload. */
export const PredictionBlockRow = defineEntity({
  name: 'MonitoringPredictionBlockRow',
  tableName: 'monitoring_prediction_block',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    day: day().primary(),
    /** Id of the event. */
    block: columns.text(256).primary(),
    rows: columns.int64(),
    payload: p.blob(),
  },
  indexes: [{ name: 'monitoring_prediction_block_rows', properties: ['workspace', 'objective', 'day', 'rows'] }],
});

/** Outcomes of one call that were observed on one day. Only added. */
export const OutcomeBlockRow = defineEntity({
  name: 'MonitoringOutcomeBlockRow',
  tableName: 'monitoring_outcome_block',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    day: day().primary(),
    /** Digest of the content. */
    block: columns.sha256().primary(),
    /** Sorts by arrival. */
    arrival: columns.text(64),
    rows: columns.int64(),
    payload: p.blob(),
  },
  indexes: [
    { name: 'monitoring_outcome_block_rows', properties: ['workspace', 'objective', 'day', 'rows'] },
    { name: 'monitoring_outcome_block_arrival', properties: ['workspace', 'objective', 'day', 'arrival'] },
  ],
});

/** A day with predictions. */
export const DayRow = defineEntity({
  name: 'MonitoringDayRow',
  tableName: 'monitoring_day',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    day: day().primary(),
    closed: p.boolean(),
    mainModel: name().nullable(),
    mainVersion: columns.int64().nullable(),
    mainDigest: columns.text(64).nullable(),
    stats: sumsJson().nullable(),
  },
});

/** A day on which rows of an experiment were answered. */
export const ExperimentDayRow = defineEntity({
  name: 'MonitoringExperimentDayRow',
  tableName: 'monitoring_experiment_day',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    experiment: name().primary(),
    day: day().primary(),
  },
});

/** Sums of a day of an experiment, for the blocks that there were. */
export const ExperimentSumsRow = defineEntity({
  name: 'MonitoringExperimentSumsRow',
  tableName: 'monitoring_experiment_sums',
  properties: {
    workspace: columns.workspace(),
    objective: name().primary(),
    experiment: name().primary(),
    day: day().primary(),
    variant: columns.text(2048).primary(),
    fingerprint: columns.text(128),
    completeFrom: columns.float64(),
    sums: sumsJson(),
  },
});

export const AlertRow = defineEntity({
  name: 'MonitoringAlertRow',
  tableName: 'monitoring_alert',
  properties: {
    workspace: columns.workspace(),
    id: columns.text(64).primary(),
    objective: name(),
    model: modelName(),
    version: columns.int64(),
    kind: columns.text(32),
    firstDay: day(),
    lastDay: day(),
    open: p.boolean(),
    checks: sumsJson(),
    createTime: columns.micros(),
  },
  uniques: [
    {
      name: 'monitoring_alert_episode',
      properties: ['workspace', 'objective', 'model', 'version', 'kind', 'firstDay'],
    },
  ],
  indexes: [{ name: 'monitoring_alert_objective', properties: ['workspace', 'objective', 'id'] }],
});

/** Reference profiles as packages have them. */
export const ProfileRow = defineEntity({
  name: 'MonitoringProfileRow',
  tableName: 'monitoring_profile',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    digest: columns.sha256().primary(),
    json: columns.text(64 * 1024 * 1024),
    why: columns.text(4096),
  },
});

export type MonitorRecord = InferEntity<typeof MonitorRow>;
export type DayRecordRow = InferEntity<typeof DayRow>;
export type AlertRecord = InferEntity<typeof AlertRow>;

/** For composition. */
export const monitoringEntities = [
  MonitorRow,
  PredictionBlockRow,
  OutcomeBlockRow,
  DayRow,
  ExperimentDayRow,
  ExperimentSumsRow,
  AlertRow,
  ProfileRow,
];
