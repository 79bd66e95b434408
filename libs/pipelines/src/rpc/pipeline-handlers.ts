import type { PipelineService } from '@slipway/contracts/slipway.batch.v1';
import type { CallContext, Handlers } from '@slipway/platform';
import type { PipelineDependencies } from '../domain/dependencies.ts';
import type { Call, PageRequest } from '../domain/unit-of-work.ts';
import { applyPipeline } from '../domain/use-cases/apply-pipeline.ts';
import { cancelRun } from '../domain/use-cases/cancel-run.ts';
import { deletePipeline } from '../domain/use-cases/delete-pipeline.ts';
import { getPipeline, listPipelines } from '../domain/use-cases/read-pipelines.ts';
import { getRun, listRuns, watchRun } from '../domain/use-cases/read-runs.ts';
import { resumeRun } from '../domain/use-cases/resume-run.ts';
import { startRun } from '../domain/use-cases/start-run.ts';
import { toPipelineMessage, toRunMessage } from './to-proto.ts';

type Methods = Handlers<PipelineService>;
const PAGE_SIZE_DEFAULT = 100;

const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
const pageOf = (request: { page_size: number; page_token: string }): PageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

/** All of `slipway.batch.v1.PipelineService`. */
export const pipelineHandlers = (deps: PipelineDependencies): Methods => ({
  ...definitionHandlers(deps),
  ...runHandlers(deps),
});

const definitionHandlers = (
  deps: PipelineDependencies,
): Pick<Methods, 'applyPipeline' | 'getPipeline' | 'listPipelines' | 'deletePipeline'> => ({
  applyPipeline: async ({ content, request_id: requestId }, context) => {
    const call = callOf(context);
    const { name } = await applyPipeline(call, { content, requestId }, deps);
    return { pipeline: toPipelineMessage(await getPipeline(call, name, deps)) };
  },
  getPipeline: async ({ name }, context) => ({
    pipeline: toPipelineMessage(await getPipeline(callOf(context), name, deps)),
  }),
  listPipelines: async (request, context) => {
    const { items, nextPageToken = '' } = await listPipelines(callOf(context), pageOf(request), deps);
    return { pipelines: items.map(toPipelineMessage), next_page_token: nextPageToken };
  },
  deletePipeline: async ({ name, request_id: requestId }, context) => {
    await deletePipeline(callOf(context), { name, requestId }, deps);
    return {};
  },
});

const runHandlers = (
  deps: PipelineDependencies,
): Omit<Methods, 'applyPipeline' | 'getPipeline' | 'listPipelines' | 'deletePipeline'> => ({
  startPipelineRun: async ({ pipeline, parameters, request_id: requestId }, context) => ({
    run: toRunMessage(await startRun(callOf(context), { pipeline, parameters, requestId }, deps)),
  }),
  getPipelineRun: async ({ id }, context) => ({ run: toRunMessage(await getRun(callOf(context), id, deps)) }),
  listPipelineRuns: async (request, context) => {
    const query = { ...pageOf(request), pipeline: request.pipeline === '' ? undefined : request.pipeline };
    const { items, nextPageToken = '' } = await listRuns(callOf(context), query, deps);
    return { runs: items.map(toRunMessage), next_page_token: nextPageToken };
  },
  resumePipelineRun: async ({ id, request_id: requestId }, context) => ({
    run: toRunMessage(await resumeRun(callOf(context), { id, requestId }, deps)),
  }),
  cancelPipelineRun: async ({ id }, context) => ({ run: toRunMessage(await cancelRun(callOf(context), id, deps)) }),
  watchPipelineRun: async function* ({ id }, context) {
    for await (const found of watchRun(callOf(context), id, deps, context.signal)) yield { run: toRunMessage(found) };
  },
});
