import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { readExperimentId } from '../domain/experiment.ts';
import {
  createExperiment,
  deleteExperimentTag,
  markExperiment,
  updateExperiment,
} from '../domain/use-cases/change-experiments.ts';
import { purgeExperiment } from '../domain/use-cases/purge.ts';
import { getExperiment, searchDatasets, searchExperiments } from '../domain/use-cases/read-experiments.ts';
import { callOf, experimentSelectorOf, nextPageToken, pageOf, viewOf } from './from-proto.ts';
import { toExperimentMessage } from './to-proto.ts';

type ExperimentMethod = Extract<keyof TrackingService, `${string}Experiment${string}`> | 'searchDatasets';

const PAGE_SIZE_DEFAULT = 100;

export const experimentHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, ExperimentMethod> => ({
  createExperiment: async (request, context) => {
    const { name, tags, request_id: requestId, artifact_location: artifactLocation } = request;
    const draft = { name, tags, requestId, artifactLocation };
    const experiment = await createExperiment(callOf(context), draft, deps);
    return { experiment: toExperimentMessage(experiment) };
  },
  getExperiment: async (request, context) => {
    const experiment = await getExperiment(callOf(context), experimentSelectorOf(request), deps);
    return { experiment: toExperimentMessage(experiment) };
  },
  searchExperiments: async (request, context) => {
    const { filter, order_by: orderBy, view_type } = request;
    const query = { filter, orderBy, view: viewOf(view_type), ...pageOf(request, PAGE_SIZE_DEFAULT) };
    const page = await searchExperiments(callOf(context), query, deps);
    return { experiments: page.items.map(toExperimentMessage), ...nextPageToken(page) };
  },
  updateExperiment: async ({ experiment_id, name, set_tags: setTags, remove_tags: removeTags }, context) => {
    const edit = { id: readExperimentId(experiment_id), name, setTags, removeTags };
    const experiment = await updateExperiment(callOf(context), edit, deps);
    return { experiment: toExperimentMessage(experiment) };
  },
  deleteExperimentTag: async ({ experiment_id, key }, context) => {
    await deleteExperimentTag(callOf(context), { id: readExperimentId(experiment_id), key }, deps);
    return {};
  },
  deleteExperiment: async ({ experiment_id }, context) => {
    await markExperiment(callOf(context), { id: readExperimentId(experiment_id), deleted: true }, deps);
    return {};
  },
  restoreExperiment: async ({ experiment_id }, context) => {
    await markExperiment(callOf(context), { id: readExperimentId(experiment_id), deleted: false }, deps);
    return {};
  },
  purgeExperiment: async ({ experiment_id }, context) => {
    await purgeExperiment(callOf(context), { id: readExperimentId(experiment_id) }, deps);
    return {};
  },
  searchDatasets: async ({ experiment_ids }, context) => {
    const query = { experiments: experiment_ids.map(readExperimentId) };
    const found = await searchDatasets(callOf(context), query, deps);
    return {
      datasets: found.map(({ experimentId, ...each }) => ({ experiment_id: experimentId.toString(), ...each })),
    };
  },
});
