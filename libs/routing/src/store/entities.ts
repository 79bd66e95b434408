import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
/** Of a registered model: 200 letters of any script. */
const modelName = () => columns.text(800);
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1024);
const id = () => columns.text(64);
const smallJson = () => columns.json<JsonValue>(64 * 1024);

export const ObjectiveRow = defineEntity({
  name: 'ObjectiveRow',
  tableName: 'routing_objective',
  properties: {
    workspace: columns.workspace(),
    name: name().primary(),
    description: columns.text(8192),
    model: modelName(),
    alias: name(),
    unitKeys: smallJson(),
    shadows: smallJson(),
    experiment: id(),
    revision: columns.int64(),
    updateTime: columns.micros(),
  },
});

export const ExperimentRow = defineEntity({
  name: 'RoutingExperimentRow',
  tableName: 'routing_experiment',
  properties: {
    workspace: columns.workspace(),
    id: id().primary(),
    name: name(),
    objective: name(),
    kind: columns.text(16),
    arms: smallJson(),
    policy: smallJson(),
    salt: columns.text(128),
    hashVersion: p.integer(),
    state: columns.text(16),
    share: p.integer(),
    revision: columns.int64(),
    sequence: columns.int64(),
    step: p.integer(),
    stepTime: columns.micros(),
    manual: p.boolean(),
    startTime: columns.micros(),
    endTime: columns.micros().nullable(),
    createTime: columns.micros(),
    principal: principal(),
    controlVersion: columns.int64(),
    treatmentVersion: columns.int64(),
    aliasRevision: columns.int64(),
    tolerance: columns.float64(),
    winner: name(),
    move: columns.text(16),
    decisionError: columns.text(8192),
    /** Whether the service looks at it by itself. */
    unattended: p.boolean(),
  },
  indexes: [
    { name: 'routing_experiment_objective', properties: ['workspace', 'objective', 'id'] },
    { name: 'routing_experiment_unattended', properties: ['unattended', 'workspace', 'id'] },
  ],
});

/** One row per unit that met an experiment, for ever: decisions rest on it. */
export const ExposureRow = defineEntity({
  name: 'ExposureRow',
  tableName: 'routing_exposure',
  properties: {
    workspace: columns.workspace(),
    experiment: id().primary(),
    unitHash: columns.sha256().primary(),
    arm: p.integer(),
    share: p.integer(),
    revision: columns.int64(),
    time: columns.micros(),
  },
});

/** Kept with the exposures, so that nobody counts millions of them. */
export const ExposureCountRow = defineEntity({
  name: 'ExposureCountRow',
  tableName: 'routing_exposure_count',
  properties: {
    workspace: columns.workspace(),
    experiment: id().primary(),
    revision: columns.int64().primary(),
    share: p.integer(),
    control: columns.int64(),
    treatment: columns.int64(),
  },
});

/** Sums that analyses rest on. Both arms have a row. */
export const DayRow = defineEntity({
  name: 'ExperimentDayRow',
  tableName: 'routing_day',
  properties: {
    workspace: columns.workspace(),
    experiment: id().primary(),
    day: columns.text(10).primary(),
    arm: p.integer().primary(),
    rows: columns.int64(),
    labelledRows: columns.int64(),
    lossSum: columns.float64(),
    referenceSum: columns.float64(),
  },
});

export const AnalysisRow = defineEntity({
  name: 'AnalysisRow',
  tableName: 'routing_analysis',
  properties: {
    workspace: columns.workspace(),
    experiment: id().primary(),
    asOf: columns.micros().primary(),
    days: columns.json<JsonValue>(4 * 1024 * 1024),
    completeDays: p.integer(),
    difference: columns.float64(),
    lower: columns.float64(),
    upper: columns.float64(),
    eValue: columns.float64(),
    pValue: columns.float64(),
    guardrail: columns.float64(),
    guardrailThreshold: columns.float64(),
    sampleRatioP: columns.float64(),
    verdict: columns.text(32),
    winner: name(),
    explanation: columns.text(4096),
  },
});

/** Public keys of all processes; they sign for every workspace, so they are kept in the default one. */
export const AssignmentKeyRow = defineEntity({
  name: 'AssignmentKeyRow',
  tableName: 'routing_assignment_key',
  properties: {
    workspace: columns.workspace(),
    keyId: columns.sha256().primary(),
    publicKeyPem: columns.text(4096),
    createTime: columns.micros(),
  },
});

/** Everything the router keeps; for composition. */
export const routingEntities = [
  ObjectiveRow,
  ExperimentRow,
  ExposureRow,
  ExposureCountRow,
  DayRow,
  AnalysisRow,
  AssignmentKeyRow,
];

export type ObjectiveRecord = InferEntity<typeof ObjectiveRow>;
export type ExperimentRecord = InferEntity<typeof ExperimentRow>;
export type ExposureRecord = InferEntity<typeof ExposureRow>;
export type ExposureCountRecord = InferEntity<typeof ExposureCountRow>;
export type DayRecord = InferEntity<typeof DayRow>;
export type AnalysisRecord = InferEntity<typeof AnalysisRow>;
