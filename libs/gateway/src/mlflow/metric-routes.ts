import type { SampleMetricHistoriesRequest } from '@slipway/contracts/slipway.tracking.v1';
import type { MlflowRoute, TrackingClient } from './call-route.ts';
import { runIdOf } from './run-routes.ts';
import { metricJson, nextPage } from './shapes.ts';

const HISTORY_MAX = 25_000;
const SAMPLE_MAX = 2_500;
const SAMPLE_DEFAULT = 320;

/** Reference: `/mlflow/metrics`. */
export function metricRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'GET',
      path: '/mlflow/metrics/get-history',
      answer: async ({ parameters, options }) => {
        const request = {
          run_id: runIdOf(parameters),
          key: parameters.requiredText('metric_key'),
          page_size: parameters.count('max_results', HISTORY_MAX, HISTORY_MAX),
          page_token: parameters.text('page_token'),
        };
        const page = await tracking.getMetricHistory(request, options);
        return { metrics: page.metrics.map((metric) => metricJson(metric)), ...nextPage(page) };
      },
    },
    {
      method: 'GET',
      path: '/mlflow/metrics/get-history-bulk',
      answer: async ({ parameters, options }) => {
        const request = {
          run_ids: parameters.texts('run_id'),
          key: parameters.requiredText('metric_key'),
          page_size: parameters.count('max_results', HISTORY_MAX, HISTORY_MAX),
        };
        const { metrics } = await tracking.getMetricHistories(request, options);
        return { metrics: metrics.map(({ run_id, metric }) => (metric ? metricJson(metric, run_id) : {})) };
      },
    },
    {
      method: 'GET',
      path: '/mlflow/metrics/get-history-bulk-interval',
      answer: async ({ parameters, options }) => {
        const [start_step, end_step] = [parameters.integer('start_step'), parameters.integer('end_step')];
        const request: SampleMetricHistoriesRequest = {
          run_ids: parameters.texts('run_ids'),
          keys: [parameters.requiredText('metric_key')],
          method: 'METHOD_STEPS',
          points_max: parameters.count('max_results', SAMPLE_DEFAULT, SAMPLE_MAX),
          ...(start_step !== undefined && { start_step }),
          ...(end_step !== undefined && { end_step }),
        };
        const { series } = await tracking.sampleMetricHistories(request, options);
        return { metrics: series.flatMap(({ run_id, metrics }) => metrics.map((each) => metricJson(each, run_id))) };
      },
    },
  ];
}
