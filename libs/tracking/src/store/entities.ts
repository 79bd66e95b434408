import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';
import { loggedModelEntities } from './logged-model-entities.ts';
import { UploadRow } from './upload-entities.ts';

const runId = () => columns.text(256).primary();
const key = () => columns.text(1_000).primary();
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1_024);

/** Where a workspace has got to in counting its experiments. */
export const CounterRow = defineEntity({
  name: 'CounterRow',
  tableName: 'tracking_counter',
  properties: { workspace: columns.workspace(), lastExperiment: columns.int64() },
});

export const ExperimentRow = defineEntity({
  name: 'ExperimentRow',
  tableName: 'tracking_experiment',
  properties: {
    workspace: columns.workspace(),
    id: columns.int64().primary(),
    name: columns.text(2_000),
    deleted: p.boolean(),
    creationTime: columns.int64(),
    lastUpdateTime: columns.int64(),
    principal: principal(),
    /** Null is here. */
    artifactLocation: columns.text(8_192).nullable(),
  },
  uniques: [{ name: 'tracking_experiment_name', properties: ['workspace', 'name'] }],
});

export const ExperimentTagRow = defineEntity({
  name: 'ExperimentTagRow',
  tableName: 'tracking_experiment_tag',
  properties: {
    workspace: columns.workspace(),
    experiment: columns.int64().primary(),
    key: key(),
    value: columns.text(20_000),
  },
});

export const RunRow = defineEntity({
  name: 'RunRow',
  tableName: 'tracking_run',
  properties: {
    workspace: columns.workspace(),
    runId: runId(),
    experiment: columns.int64(),
    name: columns.text(32_000),
    status: columns.text(16),
    startTime: columns.int64(),
    endTime: columns.int64().nullable(),
    deleted: p.boolean(),
    principal: principal(),
    userId: columns.text(1_024),
    /** Null is below the place of ours that its experiment has. */
    artifactUri: columns.text(9_000).nullable(),
    /** Milliseconds; null when it is not deleted, or was before this was kept. */
    deletedTime: columns.int64().nullable(),
  },
  indexes: [{ name: 'tracking_run_start', properties: ['workspace', 'experiment', 'startTime', 'runId'] }],
});

export const ParamRow = defineEntity({
  name: 'ParamRow',
  tableName: 'tracking_param',
  properties: { workspace: columns.workspace(), runId: runId(), key: key(), value: columns.text(24_000) },
  indexes: [{ name: 'tracking_param_key', properties: ['workspace', 'key', 'runId'] }],
});

export const TagRow = defineEntity({
  name: 'TagRow',
  tableName: 'tracking_tag',
  properties: { workspace: columns.workspace(), runId: runId(), key: key(), value: columns.text(32_000) },
});

/** One metric of one run: its latest point, and the number under which its points are kept. */
export const SeriesRow = defineEntity({
  name: 'SeriesRow',
  tableName: 'tracking_metric_series',
  properties: {
    workspace: columns.workspace(),
    runId: runId(),
    key: key(),
    series: columns.int64(),
    step: columns.int64(),
    timestamp: columns.int64(),
    value: columns.float64(),
  },
  uniques: [{ name: 'tracking_metric_series_number', properties: ['workspace', 'series'] }],
  indexes: [{ name: 'tracking_metric_series_value', properties: ['workspace', 'key', 'runId', 'value'] }],
});

/**
 * Every point there is, in the order of the history and without a word but the workspace: a number instead of run and key makes it three times
 * smaller. The primary key is the whole row, so that a repeat is found without looking at other points.
 */
export const PointRow = defineEntity({
  name: 'PointRow',
  tableName: 'tracking_metric_point',
  properties: {
    workspace: columns.workspace(),
    series: columns.int64().primary(),
    step: columns.int64().primary(),
    timestamp: columns.int64().primary(),
    value: columns.float64().primary(),
  },
});

export const DatasetRow = defineEntity({
  name: 'DatasetRow',
  tableName: 'tracking_dataset',
  properties: {
    workspace: columns.workspace(),
    experiment: columns.int64().primary(),
    name: columns.text(2_000).primary(),
    digest: columns.text(144).primary(),
    sourceType: columns.text(144),
    source: columns.text(65_535),
    schema: columns.text(1_048_575),
    profile: columns.text(4_194_304),
  },
});

/** A dataset that a run has read. */
export const InputRow = defineEntity({
  name: 'InputRow',
  tableName: 'tracking_input',
  properties: {
    workspace: columns.workspace(),
    runId: runId(),
    name: columns.text(2_000).primary(),
    digest: columns.text(144).primary(),
    /** The tag `mlflow.data.context`, which searches ask for. */
    context: columns.text(2_000).nullable(),
    tags: columns.json<Readonly<Record<string, string>>>(1024 * 1024),
  },
});

/** Everything tracking keeps besides files; for composition. */
export const trackingEntities = [
  CounterRow,
  ExperimentRow,
  ExperimentTagRow,
  RunRow,
  ParamRow,
  TagRow,
  SeriesRow,
  PointRow,
  DatasetRow,
  InputRow,
  ...loggedModelEntities,
  UploadRow,
];

export type ExperimentRecord = InferEntity<typeof ExperimentRow>;
export type RunRecord = InferEntity<typeof RunRow>;
