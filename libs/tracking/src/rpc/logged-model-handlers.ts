import type {
  LoggedModel as LoggedModelMessage,
  LoggedModelStatus__Output,
  TrackingService,
} from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { readExperimentId } from '../domain/experiment.ts';
import type { LoggedModelStatus, LoggedModelView, ModelPoint } from '../domain/logged-model.ts';
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  updateLoggedModel,
} from '../domain/use-cases/change-logged-models.ts';
import { getLoggedModel, searchLoggedModels } from '../domain/use-cases/read-logged-models.ts';
import { callOf, nextPageToken, pageOf } from './from-proto.ts';
import { toMetricMessage } from './to-proto.ts';

type LoggedModelMethod = Extract<keyof TrackingService, `${string}LoggedModel${string}`>;

const PAGE_SIZE_DEFAULT = 100;

const STATUSES: Readonly<Record<LoggedModelStatus__Output, LoggedModelStatus | undefined>> = {
  LOGGED_MODEL_STATUS_UNSPECIFIED: undefined,
  LOGGED_MODEL_STATUS_PENDING: 'PENDING',
  LOGGED_MODEL_STATUS_READY: 'READY',
  LOGGED_MODEL_STATUS_UPLOAD_FAILED: 'UPLOAD_FAILED',
};

const toPointMessage = ({ about, ...point }: ModelPoint) => ({
  ...toMetricMessage(point),
  model_id: about.modelId,
  dataset_name: about.datasetName,
  dataset_digest: about.datasetDigest,
});

const toModelMessage = ({ model, params, tags, metrics }: LoggedModelView): LoggedModelMessage => ({
  model_id: model.modelId,
  experiment_id: model.experimentId.toString(),
  name: model.name,
  status: `LOGGED_MODEL_STATUS_${model.status}`,
  model_type: model.modelType,
  source_run_id: model.sourceRunId,
  artifact_uri: model.artifactUri,
  creation_time: model.creationTime.toString(),
  last_update_time: model.lastUpdateTime.toString(),
  params: { ...params },
  tags: { ...tags },
  metrics: metrics.map(toPointMessage),
  principal: model.principal,
});

export const loggedModelHandlers = (
  deps: TrackingDependencies,
): Pick<Handlers<TrackingService>, LoggedModelMethod> => ({
  createLoggedModel: async (request, context) => {
    const { name, model_type: modelType, source_run_id: sourceRunId, params, tags, request_id: requestId } = request;
    const experimentId = readExperimentId(request.experiment_id);
    const draft = { experimentId, name, modelType, sourceRunId, params, tags, requestId };
    return { model: toModelMessage(await createLoggedModel(callOf(context), draft, deps)) };
  },
  getLoggedModel: async ({ model_id: modelId }, context) => ({
    model: toModelMessage(await getLoggedModel(callOf(context), { modelId }, deps)),
  }),
  updateLoggedModel: async (request, context) => {
    const { model_id: modelId, status, set_tags: setTags, add_params: addParams } = request;
    const edit = { modelId, status: STATUSES[status], setTags, addParams };
    return { model: toModelMessage(await updateLoggedModel(callOf(context), edit, deps)) };
  },
  deleteLoggedModelTag: async ({ model_id: modelId, key }, context) => {
    await deleteLoggedModelTag(callOf(context), { modelId, key }, deps);
    return {};
  },
  deleteLoggedModel: async ({ model_id: modelId }, context) => {
    await deleteLoggedModel(callOf(context), { modelId }, deps);
    return {};
  },
  searchLoggedModels: async (request, context) => {
    const { filter, datasets } = request;
    const experiments = request.experiment_ids.map(readExperimentId);
    const orderBy = request.order_by.map(({ field, descending, dataset }) => ({
      field,
      descending,
      dataset: dataset ?? undefined,
    }));
    const query = { experiments, filter, datasets, orderBy, ...pageOf(request, PAGE_SIZE_DEFAULT) };
    const page = await searchLoggedModels(callOf(context), query, deps);
    return { models: page.items.map(toModelMessage), ...nextPageToken(page) };
  },
});
