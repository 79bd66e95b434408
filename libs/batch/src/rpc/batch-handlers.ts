import type { BatchService } from '@slipway/contracts/slipway.batch.v1';
import type { Handlers } from '@slipway/platform';
import type { BatchDependencies } from '../domain/dependencies.ts';
import { notPublished, notResumable, outputNotFound } from '../domain/errors.ts';
import type { ScoringJob } from '../domain/scoring-job.ts';
import type { Call } from '../domain/unit-of-work.ts';
import { assertLaneFree, readJob } from '../domain/use-cases/begin-job.ts';
import { planJob } from '../domain/use-cases/plan-job.ts';
import { readManifest } from '../domain/use-cases/publish-job.ts';
import { callOf, pageOf, planOf } from './from-proto.ts';
import type { LongWork } from './long-work.ts';
import { toJobMessage, toPartitionMessage } from './to-proto.ts';

/** All of `slipway.batch.v1.BatchService`. */
export const batchHandlers = (deps: BatchDependencies, longWork: LongWork): Handlers<BatchService> => ({
  createScoringJob: async (request, context) => {
    const call = callOf(context);
    const plan = planOf(request.plan, deps.limits);
    const outgoing = { workspace: call.caller.workspace, signal: context.signal };
    const model = await planJob(plan, deps, outgoing);
    if (request.request_id === '') await assertLaneFree(call, plan, deps); // a repeat is answered, however busy the consumer is
    return longWork.score(call, plan, model, request.request_id);
  },
  resumeScoringJob: async ({ id, request_id: requestId }, context) => {
    const call = callOf(context);
    const job = await readJob(call, id, deps);
    const isBroken = job.state === 'failed' || job.state === 'cancelled';
    if (!isBroken && requestId === '') throw notResumable(id, job.state);
    return longWork.resume(call, id, requestId);
  },
  getScoringJob: async ({ id }, context) => ({ job: toJobMessage(await readJob(callOf(context), id, deps)) }),
  listScoringJobs: async (request, context) => {
    const { caller } = callOf(context);
    const page = await deps.unitOfWork.read(caller, ({ jobs }) => jobs.list(request.consumer, pageOf(request)));
    return { jobs: page.items.map(toJobMessage), next_page_token: page.nextPageToken ?? '' };
  },
  listPartitions: async (request, context) => {
    const call = callOf(context);
    const { id } = await readJob(call, request.job_id, deps);
    const page = await deps.unitOfWork.read(call.caller, ({ partitions }) => partitions.list(id, pageOf(request)));
    return { partitions: page.items.map(toPartitionMessage), next_page_token: page.nextPageToken ?? '' };
  },
  getManifest: async (request, context) => {
    const job = await published(callOf(context), request.job_id, deps);
    const { content } = await readManifest(job, deps, context.signal);
    const manifest = Buffer.from(content).toString('utf8');
    return { uri: job.manifestUri, sha256: job.manifestSha256, manifest_json: manifest };
  },
  downloadOutput: async function* (request, context) {
    const job = await published(callOf(context), request.job_id, deps);
    const { manifest } = await readManifest(job, deps, context.signal);
    const file = [...manifest.files, ...manifest.error_files].find(({ uri }) => uri === request.file_uri);
    if (!file) throw outputNotFound(request.file_uri);
    for await (const chunk of deps.files.read(file, context.signal)) yield { chunk };
  },
});

async function published(call: Call, id: string, deps: BatchDependencies): Promise<ScoringJob> {
  const job = await readJob(call, id, deps);
  if (job.manifestUri === '') throw notPublished(id);
  return job;
}
