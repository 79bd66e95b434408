import type {
  LifecycleStage__Output,
  LoggedModel__Output,
  Metric__Output,
  Run__Output,
} from '@slipway/contracts/slipway.tracking.v1';
import { invalid } from './errors.ts';
import { doubleJson, integerJson } from './wire.ts';

export const lifecycleStage = (stage: LifecycleStage__Output): string =>
  stage === 'LIFECYCLE_STAGE_DELETED' ? 'deleted' : 'active';

export const tagsJson = (tags: Readonly<Record<string, string>>): object[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

const VIEWS = {
  '': 'VIEW_TYPE_ACTIVE_ONLY',
  ACTIVE_ONLY: 'VIEW_TYPE_ACTIVE_ONLY',
  DELETED_ONLY: 'VIEW_TYPE_DELETED_ONLY',
  ALL: 'VIEW_TYPE_ALL',
} as const;

/** @throws {MlflowError} on a word that is none. */
export function viewOf(word: string): (typeof VIEWS)[keyof typeof VIEWS] {
  if (Object.hasOwn(VIEWS, word)) return VIEWS[word as keyof typeof VIEWS];
  throw invalid(`Invalid value "${word.slice(0, 100)}" for a view type; use ACTIVE_ONLY, DELETED_ONLY or ALL`);
}

/** With the model and dataset it is about, when it is about some. */
export const metricJson = (metric: Metric__Output, runId?: string): object => ({
  key: metric.key,
  value: doubleJson(metric.value),
  timestamp: integerJson(metric.timestamp),
  step: integerJson(metric.step),
  ...(metric.dataset_name !== '' && { dataset_name: metric.dataset_name, dataset_digest: metric.dataset_digest }),
  ...(metric.model_id !== '' && { model_id: metric.model_id }),
  ...(runId !== undefined && { run_id: runId }),
});

export const runInfoJson = (run: Run__Output): object => ({
  run_id: run.run_id,
  run_uuid: run.run_id,
  run_name: run.run_name,
  experiment_id: run.experiment_id,
  user_id: run.user_id,
  status: run.status.replace('RUN_STATUS_', ''),
  start_time: integerJson(run.start_time),
  ...(run.end_time !== '0' && { end_time: integerJson(run.end_time) }),
  artifact_uri: run.artifact_uri,
  lifecycle_stage: lifecycleStage(run.lifecycle_stage),
});

/** A run as clients read it. */
export const runJson = (run: Run__Output): object => ({
  info: runInfoJson(run),
  data: {
    metrics: run.metrics.map((metric) => metricJson(metric)),
    params: tagsJson(run.params),
    tags: tagsJson(run.tags),
  },
  inputs: {
    dataset_inputs: run.datasets.map(({ dataset, tags }) => ({
      tags: tagsJson(tags),
      dataset: {
        name: dataset?.name,
        digest: dataset?.digest,
        source_type: dataset?.source_type,
        source: dataset?.source,
        ...(dataset && dataset.schema !== '' && { schema: dataset.schema }),
        ...(dataset && dataset.profile !== '' && { profile: dataset.profile }),
      },
    })),
    model_inputs: run.model_inputs.map(({ model_id }) => ({ model_id })),
  },
  outputs: {
    model_outputs: run.model_outputs.map(({ model_id, step }) => ({ model_id, step: integerJson(step) })),
  },
});

const optional = (name: string, value: string): object => (value === '' ? {} : { [name]: value });

/** A logged model as clients read it. */
export const loggedModelJson = (model: LoggedModel__Output): object => ({
  info: {
    model_id: model.model_id,
    experiment_id: model.experiment_id,
    name: model.name,
    creation_timestamp_ms: integerJson(model.creation_time),
    last_updated_timestamp_ms: integerJson(model.last_update_time),
    artifact_uri: model.artifact_uri,
    status: model.status.replace('LOGGED_MODEL_STATUS_', 'LOGGED_MODEL_'),
    ...optional('model_type', model.model_type),
    ...optional('source_run_id', model.source_run_id),
    ...optional('status_message', model.status_message),
    tags: tagsJson(model.tags),
  },
  data: { params: tagsJson(model.params), metrics: model.metrics.map((metric) => metricJson(metric)) },
});

/** The token of the next page, when there is one. */
export const nextPage = ({ next_page_token }: { readonly next_page_token: string }): object =>
  optional('next_page_token', next_page_token);
