import { InvalidArgumentError } from '@slipway/kernel';
import type { SampleMetricHistoriesRequest__Output, TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { StepRange } from '../domain/histories.ts';
import { getMetricHistories, sampleMetricHistories } from '../domain/use-cases/read-histories.ts';
import { getMetricHistory } from '../domain/use-cases/read-runs.ts';
import { callOf, nextPageToken, pageOf } from './from-proto.ts';
import { toMetricMessage } from './to-proto.ts';

type HistoryMethod = 'getMetricHistory' | 'getMetricHistories' | 'sampleMetricHistories';

/** What clients of MLflow ask for at once. */
const HISTORY_PAGE_SIZE_DEFAULT = 25_000;
/** A curve on a screen. */
const SAMPLE_POINTS_DEFAULT = 320;

/** @throws {InvalidArgumentError} when only one end is given. */
function rangeOf({ start_step, end_step }: SampleMetricHistoriesRequest__Output): StepRange | undefined {
  if (start_step === undefined && end_step === undefined) return undefined;
  if (start_step === undefined || end_step === undefined) {
    throw InvalidArgumentError.of(
      start_step === undefined ? 'start_step' : 'end_step',
      'If either start step or end step are specified, both must be specified.',
    );
  }
  return { first: BigInt(start_step), last: BigInt(end_step) };
}

export const historyHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, HistoryMethod> => ({
  getMetricHistory: async (request, context) => {
    const { run_id: runId, key } = request;
    const query = { runId, key, ...pageOf(request, HISTORY_PAGE_SIZE_DEFAULT) };
    const page = await getMetricHistory(callOf(context), query, deps);
    return { metrics: page.items.map(toMetricMessage), ...nextPageToken(page) };
  },
  getMetricHistories: async (request, context) => {
    const { run_ids: runIds, key } = request;
    const query = { runIds, key, ...pageOf(request, HISTORY_PAGE_SIZE_DEFAULT) };
    const page = await getMetricHistories(callOf(context), query, deps);
    const metrics = page.items.map(({ runId, point }) => ({ run_id: runId, metric: toMetricMessage(point) }));
    return { metrics, ...nextPageToken(page) };
  },
  sampleMetricHistories: async (request, context) => {
    const { run_ids: runIds, keys, points_max, method } = request;
    const sampled = await sampleMetricHistories(
      callOf(context),
      {
        runIds,
        keys,
        method: method === 'METHOD_STEPS' ? 'steps' : 'extremes',
        range: rangeOf(request),
        pointsMax: points_max === 0 ? SAMPLE_POINTS_DEFAULT : points_max,
      },
      deps,
    );
    const series = sampled.map(({ runId, key, points, count }) => ({
      run_id: runId,
      key,
      metrics: points.map(toMetricMessage),
      points: count.toString(),
    }));
    return { series };
  },
});
