import type { LoggedModel, LoggedModelStatus } from '../domain/logged-model.ts';

/** Of `tracking_logged_model m`; 64-bit integers as text. */
export const MODEL_COLUMNS = `m.model_id, cast(m.experiment as text) as experiment, m.name, m.status, m.model_type, m.source_run_id, m.artifact_uri,
  cast(m.creation_time as text) as creation_time, cast(m.last_update_time as text) as last_update_time, m.principal,
  cast(m.deleted_time as text) as deleted_time`;

export interface ModelRow {
  readonly model_id: string;
  readonly experiment: string;
  readonly name: string;
  readonly status: string;
  readonly model_type: string;
  readonly source_run_id: string;
  readonly artifact_uri: string;
  readonly creation_time: string;
  readonly last_update_time: string;
  readonly principal: string;
  readonly deleted_time: string | null;
}

export const modelOf = (row: ModelRow): LoggedModel => ({
  modelId: row.model_id,
  experimentId: BigInt(row.experiment),
  name: row.name,
  status: row.status as LoggedModelStatus, // only ours are stored
  modelType: row.model_type,
  sourceRunId: row.source_run_id,
  artifactUri: row.artifact_uri,
  creationTime: BigInt(row.creation_time),
  lastUpdateTime: BigInt(row.last_update_time),
  principal: row.principal,
  deletedTime: row.deleted_time === null ? undefined : BigInt(row.deleted_time),
});
