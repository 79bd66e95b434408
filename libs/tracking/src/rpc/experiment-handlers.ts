import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { readExperimentId } from '../domain/experiment.ts';
import { createExperiment, markExperiment, updateExperiment } from '../domain/use-cases/change-experiments.ts';
import { getExperiment, searchExperiments } from '../domain/use-cases/read-experiments.ts';
import { callOf, experimentSelectorOf, nextPageToken, pageOf, viewOf } from './from-proto.ts';
import { toExperimentMessage } from './to-proto.ts';

type ExperimentMethod = Extract<keyof TrackingService, `${string}Experiment${string}`>;

const PAGE_SIZE_DEFAULT = 100;

export const experimentHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, ExperimentMethod> => ({
  createExperiment: async ({ name, tags, request_id: requestId }, context) => {
    const experiment = await createExperiment(callOf(context), { name, tags, requestId }, deps);
    return { experiment: toExperimentMessage(context.caller.workspace, experiment) };
  },
  getExperiment: async (request, context) => {
    const experiment = await getExperiment(callOf(context), experimentSelectorOf(request), deps);
    return { experiment: toExperimentMessage(context.caller.workspace, experiment) };
  },
  searchExperiments: async (request, context) => {
    const { filter, order_by: orderBy, view_type } = request;
    const query = { filter, orderBy, view: viewOf(view_type), ...pageOf(request, PAGE_SIZE_DEFAULT) };
    const page = await searchExperiments(callOf(context), query, deps);
    const { workspace } = context.caller;
    return { experiments: page.items.map((item) => toExperimentMessage(workspace, item)), ...nextPageToken(page) };
  },
  updateExperiment: async ({ experiment_id, name, set_tags: setTags, remove_tags: removeTags }, context) => {
    const edit = { id: readExperimentId(experiment_id), name, setTags, removeTags };
    const experiment = await updateExperiment(callOf(context), edit, deps);
    return { experiment: toExperimentMessage(context.caller.workspace, experiment) };
  },
  deleteExperiment: async ({ experiment_id }, context) => {
    await markExperiment(callOf(context), { id: readExperimentId(experiment_id), deleted: true }, deps);
    return {};
  },
  restoreExperiment: async ({ experiment_id }, context) => {
    await markExperiment(callOf(context), { id: readExperimentId(experiment_id), deleted: false }, deps);
    return {};
  },
});
