import type { DatasetInput, Metric, UpdateRunRequest } from '@slipway/contracts/slipway.tracking.v1';
import type { MlflowCall, MlflowRoute, TrackingClient } from './call-route.ts';
import { invalid } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { nextPage, runInfoJson, runJson, viewOf } from './shapes.ts';

const RESULTS_DEFAULT = 1_000;
const RESULTS_MAX = 50_000;
const STATUSES = {
  RUNNING: 'RUN_STATUS_RUNNING',
  SCHEDULED: 'RUN_STATUS_SCHEDULED',
  FINISHED: 'RUN_STATUS_FINISHED',
  FAILED: 'RUN_STATUS_FAILED',
  KILLED: 'RUN_STATUS_KILLED',
} as const;

/** Clients send one of the two names, or both. @throws {MlflowError} when it is absent. */
export function runIdOf(parameters: Parameters): string {
  return parameters.text('run_id') || parameters.text('run_uuid') || parameters.requiredText('run_id');
}

function statusOf(parameters: Parameters): UpdateRunRequest['status'] {
  const word = parameters.text('status');
  if (word === '') return 'RUN_STATUS_UNSPECIFIED';
  if (Object.hasOwn(STATUSES, word)) return STATUSES[word as keyof typeof STATUSES];
  throw invalid(`Invalid value "${word.slice(0, 100)}" for parameter 'status' supplied`);
}

export function metricOf(parameters: Parameters): Metric {
  return {
    key: parameters.requiredText('key'),
    value: parameters.requiredDouble('value'),
    timestamp: parameters.requiredInteger('timestamp'),
    step: parameters.integer('step') ?? '0',
    model_id: parameters.text('model_id'),
    dataset_name: parameters.text('dataset_name'),
    dataset_digest: parameters.text('dataset_digest'),
  };
}

/** A list with each key once: a map could not tell. @throws {MlflowError} */
function paramsOf(parameters: Parameters): Record<string, string> {
  const entries = parameters.objects('params').map((each) => [each.requiredText('key'), each.text('value')] as const);
  const params = Object.fromEntries(entries);
  if (Object.keys(params).length === entries.length) return params;
  const repeated = entries.map(([key]) => key).filter((key, at, keys) => keys.indexOf(key) !== at);
  throw invalid(
    `Duplicate parameter keys have been submitted: ${[...new Set(repeated)].join(', ').slice(0, 500)}. ` +
      'Please ensure the request contains only one param value per param key.',
  );
}

function inputOf(parameters: Parameters): DatasetInput {
  const dataset = parameters.object('dataset');
  if (!dataset) throw parameters.missing('dataset');
  return {
    tags: parameters.pairs('tags'),
    dataset: {
      name: dataset.requiredText('name'),
      digest: dataset.requiredText('digest'),
      source_type: dataset.requiredText('source_type'),
      source: dataset.requiredText('source'),
      schema: dataset.text('schema'),
      profile: dataset.text('profile'),
    },
  };
}

/** Reference: `/mlflow/runs`, a run as a whole. */
export function runRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: '/mlflow/runs/create',
      answer: async ({ parameters, options }) => {
        const request = {
          experiment_id: parameters.id('experiment_id'),
          user_id: parameters.text('user_id'),
          run_name: parameters.text('run_name'),
          start_time: parameters.integer('start_time') ?? '0',
          tags: parameters.pairs('tags'),
        };
        const { run } = await tracking.createRun(request, options);
        return { run: run ? runJson(run) : {} };
      },
    },
    {
      method: 'GET',
      path: '/mlflow/runs/get',
      answer: async ({ parameters, options }) => {
        const { run } = await tracking.getRun({ run_id: runIdOf(parameters) }, options);
        return { run: run ? runJson(run) : {} };
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/update',
      answer: async ({ parameters, options }) => {
        const end_time = parameters.integer('end_time');
        const request = {
          run_id: runIdOf(parameters),
          status: statusOf(parameters),
          ...(end_time !== undefined && { end_time }),
          ...(parameters.text('run_name') !== '' && { run_name: parameters.text('run_name') }),
        };
        const { run } = await tracking.updateRun(request, options);
        return { run_info: run ? runInfoJson(run) : {} };
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/delete',
      answer: ({ parameters, options }) => tracking.deleteRun({ run_id: parameters.requiredText('run_id') }, options),
    },
    {
      method: 'POST',
      path: '/mlflow/runs/restore',
      answer: ({ parameters, options }) => tracking.restoreRun({ run_id: parameters.requiredText('run_id') }, options),
    },
    {
      method: 'POST',
      path: '/mlflow/runs/search',
      answer: async ({ parameters, options }) => {
        const request = {
          experiment_ids: parameters.texts('experiment_ids'),
          filter: parameters.text('filter'),
          view_type: viewOf(parameters.text('run_view_type')),
          order_by: parameters.texts('order_by'),
          page_size: parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX),
          page_token: parameters.text('page_token'),
        };
        const page = await tracking.searchRuns(request, options);
        return { runs: page.runs.map(runJson), ...nextPage(page) };
      },
    },
  ];
}

/** Reference: `/mlflow/runs`, what is written into a run. */
/** As MLflow's server does unless it is told otherwise. */
const CUT = { truncate_long_values: true };

export function runLogRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: '/mlflow/runs/log-metric',
      answer: ({ parameters, options }) =>
        tracking.logBatch({ run_id: runIdOf(parameters), metrics: [metricOf(parameters)] }, options),
    },
    {
      method: 'POST',
      path: '/mlflow/runs/log-parameter',
      answer: ({ parameters, options }) => {
        const params = Object.fromEntries([[parameters.requiredText('key'), parameters.text('value')]]);
        return tracking.logBatch({ run_id: runIdOf(parameters), params, ...CUT }, options);
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/log-batch',
      answer: ({ parameters, options }) => {
        const request = {
          run_id: parameters.requiredText('run_id'),
          metrics: parameters.objects('metrics').map(metricOf),
          params: paramsOf(parameters),
          tags: parameters.pairs('tags'),
          ...CUT,
        };
        return tracking.logBatch(request, options);
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/set-tag',
      answer: ({ parameters, options }) => {
        const tags = Object.fromEntries([[parameters.requiredText('key'), parameters.text('value')]]);
        return tracking.logBatch({ run_id: runIdOf(parameters), tags, ...CUT }, options);
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/delete-tag',
      answer: ({ parameters, options }) =>
        tracking.deleteRunTag({ run_id: runIdOf(parameters), key: parameters.requiredText('key') }, options),
    },
    {
      method: 'POST',
      path: '/mlflow/runs/log-inputs',
      answer: ({ parameters, options }) => {
        const request = {
          run_id: parameters.requiredText('run_id'),
          datasets: parameters.objects('datasets').map(inputOf),
          models: parameters.objects('models').map((model) => ({ model_id: model.requiredText('model_id') })),
        };
        return tracking.logInputs(request, options);
      },
    },
    {
      method: 'POST',
      path: '/mlflow/runs/outputs',
      answer: ({ parameters, options }) => {
        const models = parameters
          .objects('models')
          .map((model) => ({ model_id: model.requiredText('model_id'), step: model.integer('step') ?? '0' }));
        return tracking.logOutputs({ run_id: parameters.requiredText('run_id'), models }, options);
      },
    },
    { method: 'POST', path: '/mlflow/runs/log-model', answer: (call) => logModel(tracking, call) },
  ];
}

const MODEL_HISTORY_TAG = 'mlflow.log-model.history';

/** Of clients before logged models: what a run has saved is a list in one of its tags. */
async function logModel(tracking: TrackingClient, { parameters, options }: MlflowCall): Promise<object> {
  const run_id = runIdOf(parameters);
  const model = parseJson(parameters.requiredText('model_json'));
  const fields = typeof model === 'object' && model !== null && !Array.isArray(model) ? Object.keys(model) : undefined;
  if (!fields) throw invalid(`Malformed model info. \n The model_json of run ${run_id} is not a JSON object.`);
  const absent = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'].filter((each) => !fields.includes(each));
  if (absent.length > 0) throw invalid(`Model json is missing mandatory fields: ${absent.join(', ')}`);
  const { run } = await tracking.getRun({ run_id }, options);
  const known = parseJson(run?.tags[MODEL_HISTORY_TAG] ?? '[]');
  const history = [...(Array.isArray(known) ? (known as unknown[]) : []), model];
  await tracking.logBatch({ run_id, tags: { [MODEL_HISTORY_TAG]: JSON.stringify(history) }, ...CUT }, options);
  return {};
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
