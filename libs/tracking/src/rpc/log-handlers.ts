import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { logBatch } from '../domain/use-cases/log-batch.ts';
import { logInputs, logOutputs } from '../domain/use-cases/log-inputs.ts';
import { logMetrics } from '../domain/use-cases/log-metrics.ts';
import { callOf, inputOf, metricMessages, pointOf } from './from-proto.ts';

type LogMethod = 'logBatch' | 'logMetrics' | 'logInputs' | 'logOutputs';

export const logHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, LogMethod> => ({
  logBatch: async ({ run_id: runId, metrics, params, tags, truncate_long_values: truncateLongValues }, context) => {
    const batch = { runId, metrics: metrics.map(pointOf), params, tags, truncateLongValues };
    await logBatch(callOf(context), batch, deps);
    return {};
  },
  logMetrics: async function* (requests, context) {
    for await (const durable of logMetrics(callOf(context), metricMessages(requests), deps, context.signal)) {
      yield { durable_points: durable.toString() };
    }
  },
  logInputs: async ({ run_id: runId, datasets, models }, context) => {
    const read = models.map(({ model_id: modelId }) => ({ modelId }));
    await logInputs(callOf(context), { runId, inputs: datasets.map(inputOf), models: read }, deps);
    return {};
  },
  logOutputs: async ({ run_id: runId, models }, context) => {
    const made = models.map(({ model_id: modelId, step }) => ({ modelId, step: BigInt(step) }));
    await logOutputs(callOf(context), { runId, models: made }, deps);
    return {};
  },
});
