import { defineEntity } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';

const modelId = () => columns.text(256).primary();
const key = () => columns.text(1_000).primary();

/** A model that a run made. */
export const LoggedModelRow = defineEntity({
  name: 'LoggedModelRow',
  tableName: 'tracking_logged_model',
  properties: {
    workspace: columns.workspace(),
    modelId: modelId(),
    experiment: columns.int64(),
    name: columns.text(2_000),
    status: columns.text(16),
    modelType: columns.text(500),
    sourceRunId: columns.text(256),
    artifactUri: columns.text(9_000),
    creationTime: columns.int64(),
    lastUpdateTime: columns.int64(),
    principal: columns.text(1_024),
    /** Milliseconds; null when it is not deleted. */
    deletedTime: columns.int64().nullable(),
  },
  indexes: [
    { name: 'tracking_logged_model_creation', properties: ['workspace', 'experiment', 'creationTime', 'modelId'] },
    { name: 'tracking_logged_model_source', properties: ['workspace', 'sourceRunId'] },
  ],
});

export const LoggedModelParamRow = defineEntity({
  name: 'LoggedModelParamRow',
  tableName: 'tracking_logged_model_param',
  properties: { workspace: columns.workspace(), modelId: modelId(), key: key(), value: columns.text(24_000) },
});

export const LoggedModelTagRow = defineEntity({
  name: 'LoggedModelTagRow',
  tableName: 'tracking_logged_model_tag',
  properties: { workspace: columns.workspace(), modelId: modelId(), key: key(), value: columns.text(32_000) },
});

/** The latest point of one metric of one model on one dataset; without a dataset both names are empty. */
export const LoggedModelMetricRow = defineEntity({
  name: 'LoggedModelMetricRow',
  tableName: 'tracking_logged_model_metric',
  properties: {
    workspace: columns.workspace(),
    modelId: modelId(),
    key: key(),
    datasetName: columns.text(2_000).primary(),
    datasetDigest: columns.text(144).primary(),
    step: columns.int64(),
    timestamp: columns.int64(),
    value: columns.float64(),
  },
});

/** A logged model that a run has read (`input`) or made (`output`). */
export const RunModelRow = defineEntity({
  name: 'RunModelRow',
  tableName: 'tracking_run_model',
  properties: {
    workspace: columns.workspace(),
    runId: columns.text(256).primary(),
    kind: columns.text(16).primary(),
    modelId: modelId(),
    step: columns.int64(),
  },
  indexes: [{ name: 'tracking_run_model_model', properties: ['workspace', 'modelId'] }],
});

/** Files of something that was removed for ever; they go after the commit that has noted them. */
export const RemovalRow = defineEntity({
  name: 'RemovalRow',
  tableName: 'tracking_removal',
  properties: {
    workspace: columns.workspace(),
    /** A path of the artifact store; everything below it goes. */
    prefix: columns.text(896).primary(),
    /** Microseconds. */
    noted: columns.micros(),
  },
});

export const loggedModelEntities = [
  LoggedModelRow,
  LoggedModelParamRow,
  LoggedModelTagRow,
  LoggedModelMetricRow,
  RunModelRow,
  RemovalRow,
];
