import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { readExperimentId } from '../domain/experiment.ts';
import { deleteRunTag, markRun, updateRun } from '../domain/use-cases/change-run.ts';
import { createRun } from '../domain/use-cases/create-run.ts';
import { getRun, searchRuns } from '../domain/use-cases/read-runs.ts';
import { purgeRun } from '../domain/use-cases/purge.ts';
import { callOf, experimentIdOf, nextPageToken, pageOf, statusOf, viewOf } from './from-proto.ts';
import { projectionOf } from './projection.ts';
import { toRunMessage } from './to-proto.ts';

type RunMethod = Extract<keyof TrackingService, `${string}Run${string}`>;

const PAGE_SIZE_DEFAULT = 100;

export const runHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, RunMethod> => ({
  createRun: async (request, context) => {
    const startTime = BigInt(request.start_time);
    const draft = {
      experimentId: experimentIdOf(request.experiment_id),
      name: request.run_name,
      userId: request.user_id,
      startTime: startTime === 0n ? undefined : startTime,
      tags: request.tags,
      requestId: request.request_id,
    };
    return { run: toRunMessage(await createRun(callOf(context), draft, deps)) };
  },
  getRun: async ({ run_id: runId }, context) => ({
    run: toRunMessage(await getRun(callOf(context), { runId }, deps)),
  }),
  updateRun: async ({ run_id: runId, run_name: name, status, end_time }, context) => {
    const edit = {
      runId,
      name,
      status: statusOf(status),
      endTime: end_time === undefined ? undefined : BigInt(end_time),
    };
    return { run: toRunMessage(await updateRun(callOf(context), edit, deps)) };
  },
  deleteRun: async ({ run_id: runId }, context) => {
    await markRun(callOf(context), { runId, deleted: true }, deps);
    return {};
  },
  restoreRun: async ({ run_id: runId }, context) => {
    await markRun(callOf(context), { runId, deleted: false }, deps);
    return {};
  },
  purgeRun: async ({ run_id: runId }, context) => {
    await purgeRun(callOf(context), { runId }, deps);
    return {};
  },
  deleteRunTag: async ({ run_id: runId, key }, context) => {
    await deleteRunTag(callOf(context), { runId, key }, deps);
    return {};
  },
  searchRuns: async (request, context) => {
    const { filter, order_by: orderBy, view_type, experiment_ids } = request;
    const experiments = experiment_ids.map(readExperimentId);
    const projection = projectionOf(request.projection);
    const query = {
      experiments,
      filter,
      orderBy,
      projection,
      view: viewOf(view_type),
      ...pageOf(request, PAGE_SIZE_DEFAULT),
    };
    const page = await searchRuns(callOf(context), query, deps);
    return { runs: page.items.map(toRunMessage), ...nextPageToken(page) };
  },
});
