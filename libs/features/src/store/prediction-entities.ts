import { defineEntity, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
const manifestUri = () => columns.text(1024);
const listJson = () => columns.json<JsonValue>(1024 * 1024);

export const PredictionTableRow = defineEntity({
  name: 'FeaturePredictionTableRow',
  tableName: 'features_prediction_table',
  properties: {
    workspace: columns.workspace(),
    name: name().primary(),
    keys: listJson(),
    outputs: listJson(),
    version: columns.int64(),
    onlineSchema: columns.text(64),
    manifestUri: manifestUri(),
    rows: columns.int64(),
    fallback: listJson(),
    updateTime: columns.micros(),
  },
});

/** What the online store may hold. */
export const PredictionVersionRow = defineEntity({
  name: 'FeaturePredictionVersionRow',
  tableName: 'features_prediction_version',
  properties: {
    workspace: columns.workspace(),
    tableName: name().primary(),
    version: columns.int64().primary(),
    keys: listJson(),
    outputs: listJson(),
    onlineSchema: columns.text(64),
    manifestUri: manifestUri(),
    state: columns.text(16).$type<'loading' | 'served' | 'retired'>(),
    operation: columns.text(64),
    updateTime: columns.micros(),
  },
  indexes: [{ name: 'features_prediction_version_state', properties: ['state', 'updateTime'] }],
});

/** Manifests that were loaded, for good. */
export const PredictionLoadedRow = defineEntity({
  name: 'FeaturePredictionLoadedRow',
  tableName: 'features_prediction_loaded',
  properties: {
    workspace: columns.workspace(),
    tableName: name().primary(),
    manifestUri: manifestUri().primary(),
    version: columns.int64(),
  },
});

export type PredictionTableRecord = InferEntity<typeof PredictionTableRow>;
export type PredictionVersionRecord = InferEntity<typeof PredictionVersionRow>;

/** For composition. */
export const predictionEntities = [PredictionTableRow, PredictionVersionRow, PredictionLoadedRow];
