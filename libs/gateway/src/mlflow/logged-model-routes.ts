import type { SearchLoggedModelsRequest, UpdateLoggedModelRequest } from '@slipway/contracts/slipway.tracking.v1';
import type { HttpRoute } from '@slipway/platform';
import { callOptions } from '../calls/call-options.ts';
import { fileJson, folderOf } from './artifact-routes.ts';
import { download } from './artifact-transfer.ts';
import { guarded, PREFIXES, type MlflowRoute, type TrackingClient } from './call-route.ts';
import { invalid } from './errors.ts';
import { Parameters } from './parameters.ts';
import { loggedModelJson, nextPage } from './shapes.ts';

const BASE = '/mlflow/logged-models';
const RESULTS_DEFAULT = 100;
const RESULTS_MAX = 1_000_000;
/** What the service gives at once; clients go on with the token. */
const PAGE_MAX = 1_000;
const STATUSES = {
  LOGGED_MODEL_PENDING: 'LOGGED_MODEL_STATUS_PENDING',
  LOGGED_MODEL_READY: 'LOGGED_MODEL_STATUS_READY',
  LOGGED_MODEL_UPLOAD_FAILED: 'LOGGED_MODEL_STATUS_UPLOAD_FAILED',
} as const;

/** Python's client sends the number of the status. */
const STATUS_NUMBERS: Readonly<Record<string, keyof typeof STATUSES>> = {
  1: 'LOGGED_MODEL_PENDING',
  2: 'LOGGED_MODEL_READY',
  3: 'LOGGED_MODEL_UPLOAD_FAILED',
};

function statusOf(parameters: Parameters): UpdateLoggedModelRequest['status'] {
  const written = parameters.requiredId('status');
  const word = STATUS_NUMBERS[written] ?? written;
  if (Object.hasOwn(STATUSES, word)) return STATUSES[word as keyof typeof STATUSES];
  throw invalid(`Invalid value "${word.slice(0, 100)}" for parameter 'status' supplied`);
}

function datasetOf(parameters: Parameters): { name: string; digest: string } {
  return { name: parameters.requiredText('dataset_name'), digest: parameters.text('dataset_digest') };
}

const searchOf = (parameters: Parameters): SearchLoggedModelsRequest => ({
  experiment_ids: parameters.texts('experiment_ids'),
  filter: parameters.text('filter'),
  datasets: parameters.objects('datasets').map(datasetOf),
  order_by: parameters.objects('order_by').map((order) => ({
    field: order.requiredText('field_name'),
    descending: !order.flag('ascending', true),
    ...(order.text('dataset_name') !== '' && { dataset: datasetOf(order) }),
  })),
  page_size: Math.min(parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX), PAGE_MAX),
  page_token: parameters.text('page_token'),
});

/** Reference: `/mlflow/logged-models`. */
export function loggedModelRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: BASE,
      answer: async ({ parameters, options }) => {
        const request = {
          experiment_id: parameters.requiredId('experiment_id'),
          name: parameters.text('name'),
          model_type: parameters.text('model_type'),
          source_run_id: parameters.text('source_run_id'),
          params: parameters.pairs('params'),
          tags: parameters.pairs('tags'),
        };
        const { model } = await tracking.createLoggedModel(request, options);
        return { model: model ? loggedModelJson(model) : {} };
      },
    },
    {
      method: 'POST',
      path: `${BASE}/search`,
      answer: async ({ parameters, options }) => {
        const page = await tracking.searchLoggedModels(searchOf(parameters), options);
        return { models: page.models.map(loggedModelJson), ...nextPage(page) };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/:id`,
      answer: async ({ segment, options }) => {
        const { model } = await tracking.getLoggedModel({ model_id: segment('id') }, options);
        return { model: model ? loggedModelJson(model) : {} };
      },
    },
    {
      method: 'PATCH',
      path: `${BASE}/:id`,
      answer: async ({ segment, parameters, options }) => {
        const request = { model_id: segment('id'), status: statusOf(parameters) };
        const { model } = await tracking.updateLoggedModel(request, options);
        return { model: model ? loggedModelJson(model) : {} };
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:id`,
      answer: ({ segment, options }) => tracking.deleteLoggedModel({ model_id: segment('id') }, options),
    },
    ...partRoutes(tracking),
  ];
}

/** Parameters, tags and folders of one. */
function partRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/:id/params`,
      answer: async ({ segment, parameters, options }) => {
        await tracking.updateLoggedModel({ model_id: segment('id'), add_params: parameters.pairs('params') }, options);
        return {};
      },
    },
    {
      method: 'PATCH',
      path: `${BASE}/:id/tags`,
      answer: async ({ segment, parameters, options }) => {
        const request = { model_id: segment('id'), set_tags: parameters.pairs('tags') };
        const { model } = await tracking.updateLoggedModel(request, options);
        return { model: model ? loggedModelJson(model) : {} };
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:id/tags/:key`,
      answer: ({ segment, options }) =>
        tracking.deleteLoggedModelTag({ model_id: segment('id'), key: segment('key') }, options),
    },
    {
      method: 'GET',
      path: `${BASE}/:id/artifacts/directories`,
      answer: async ({ segment, parameters, options }) => {
        const model_id = segment('id');
        const path = folderOf(parameters.text('artifact_directory_path'));
        const page_token = parameters.text('page_token');
        const [page, { model }] = await Promise.all([
          tracking.listArtifacts({ owner: { model_id }, path, page_token }, options),
          tracking.getLoggedModel({ model_id }, options),
        ]);
        return {
          root_uri: model?.artifact_uri,
          files: page.artifacts.map((file) => fileJson(file)),
          ...nextPage(page),
        };
      },
    },
  ];
}

/** One file of a logged model, as pages get it. */
export function loggedModelFileRoutes(tracking: TrackingClient): HttpRoute[] {
  return PREFIXES.map((prefix) =>
    guarded({
      method: 'GET',
      path: `${prefix}/2.0${BASE}/:id/artifacts/files`,
      permission: 'authenticated',
      handle: (request) => {
        const path = Parameters.ofQuery(request.query).requiredText('artifact_file_path');
        const file = { owner: { model_id: request.param('id') }, path };
        return download(tracking, file, request, callOptions(request));
      },
    }),
  );
}
