import type { Experiment__Output } from '@slipway/contracts/slipway.tracking.v1';
import type { MlflowRoute, TrackingClient } from './call-route.ts';
import { lifecycleStage, nextPage, tagsJson, viewOf } from './shapes.ts';
import { integerJson } from './wire.ts';

const BASE = '/mlflow/experiments';
const RESULTS_DEFAULT = 1_000;
const RESULTS_MAX = 50_000;
/** What the service gives at once; clients go on with the token. */
const PAGE_MAX = 1_000;

const experimentJson = (experiment: Experiment__Output): object => ({
  experiment_id: experiment.experiment_id,
  name: experiment.name,
  artifact_location: experiment.artifact_location,
  lifecycle_stage: lifecycleStage(experiment.lifecycle_stage),
  last_update_time: integerJson(experiment.last_update_time),
  creation_time: integerJson(experiment.creation_time),
  tags: tagsJson(experiment.tags),
});

/** Reference: `/mlflow/experiments`. */
export function experimentRoutes(tracking: TrackingClient): MlflowRoute[] {
  const search: MlflowRoute['answer'] = async ({ parameters, options }) => {
    const results = parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX);
    const page = await tracking.searchExperiments(
      {
        filter: parameters.text('filter'),
        view_type: viewOf(parameters.text('view_type')),
        order_by: parameters.texts('order_by'),
        page_size: Math.min(results, PAGE_MAX),
        page_token: parameters.text('page_token'),
      },
      options,
    );
    return {
      experiments: page.experiments.map(experimentJson),
      ...nextPage(page),
    };
  };
  const experimentOf = (experiment: Experiment__Output | null): object => ({
    experiment: experiment ? experimentJson(experiment) : {},
  });
  return [
    {
      method: 'POST',
      path: `${BASE}/create`,
      answer: async ({ parameters, options }) => {
        const { experiment } = await tracking.createExperiment(
          {
            name: parameters.requiredText('name'),
            artifact_location: parameters.text('artifact_location'),
            tags: parameters.pairs('tags'),
          },
          options,
        );
        return { experiment_id: experiment?.experiment_id };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/get`,
      answer: async ({ parameters, options }) => {
        const request = { experiment_id: parameters.requiredId('experiment_id') };
        return experimentOf((await tracking.getExperiment(request, options)).experiment);
      },
    },
    {
      method: 'GET',
      path: `${BASE}/get-by-name`,
      answer: async ({ parameters, options }) => {
        const request = { name: parameters.requiredText('experiment_name') };
        return experimentOf((await tracking.getExperiment(request, options)).experiment);
      },
    },
    { method: 'POST', path: `${BASE}/search`, answer: search },
    { method: 'GET', path: `${BASE}/search`, answer: search },
    ...changeRoutes(tracking),
    ...tagRoutes(tracking),
  ];
}

function changeRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/update`,
      answer: async ({ parameters, options }) => {
        const experiment_id = parameters.requiredId('experiment_id');
        await tracking.updateExperiment({ experiment_id, name: parameters.requiredText('new_name') }, options);
        return {};
      },
    },
    {
      method: 'POST',
      path: `${BASE}/delete`,
      answer: ({ parameters, options }) =>
        tracking.deleteExperiment({ experiment_id: parameters.requiredId('experiment_id') }, options),
    },
    {
      method: 'POST',
      path: `${BASE}/restore`,
      answer: ({ parameters, options }) =>
        tracking.restoreExperiment({ experiment_id: parameters.requiredId('experiment_id') }, options),
    },
  ];
}

function tagRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/set-experiment-tag`,
      answer: async ({ parameters, options }) => {
        const experiment_id = parameters.requiredId('experiment_id');
        const set_tags = Object.fromEntries([[parameters.requiredText('key'), parameters.text('value')]]);
        await tracking.updateExperiment({ experiment_id, set_tags }, options);
        return {};
      },
    },
    {
      method: 'POST',
      path: `${BASE}/delete-experiment-tag`,
      answer: ({ parameters, options }) =>
        tracking.deleteExperimentTag(
          { experiment_id: parameters.requiredId('experiment_id'), key: parameters.requiredText('key') },
          options,
        ),
    },
    {
      method: 'POST',
      path: `${BASE}/search-datasets`,
      answer: async ({ parameters, options }) => {
        const request = { experiment_ids: parameters.texts('experiment_ids') };
        return { dataset_summaries: (await tracking.searchDatasets(request, options)).datasets };
      },
    },
  ];
}
