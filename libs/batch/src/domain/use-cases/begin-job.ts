import type { BatchDependencies } from '../dependencies.ts';
import { consumerBusy, jobNotFound, notResumable } from '../errors.ts';
import { free } from '../partition.ts';
import { isWorking, type PinnedModel, type ScoringJob, type ScoringPlan } from '../scoring-job.ts';
import type { BatchTransaction, Call } from '../unit-of-work.ts';
import { putChanged } from './change-job.ts';

type Units = Pick<BatchDependencies, 'unitOfWork'>;

/**
 * The job of an operation, made when it is not there yet; so it can be done by the call and by its work, in any order. A job that finds another
 * one of its consumer and source at work is noted as failed.
 */
export function beginJob(
  call: Call,
  { id, plan, model }: { readonly id: string; readonly plan: ScoringPlan; readonly model: PinnedModel },
  { unitOfWork }: Units,
): Promise<ScoringJob> {
  return unitOfWork.run(call, async (tx) => {
    const holder = await workingHolder(tx, plan, id);
    const known = await tx.jobs.get(id);
    if (known) return known;
    const job = fresh(call, { id, plan, model }, tx.now);
    if (holder !== undefined) {
      const { reason, message } = consumerBusy(plan.consumer, plan.source, holder);
      const refused: ScoringJob = { ...job, state: 'failed', endTime: tx.now, failure: { reason, message } };
      await tx.jobs.insert(refused);
      tx.events.add({ kind: 'job-changed', job: refused });
      return refused;
    }
    await tx.lanes.give(plan.consumer, plan.source, id);
    await tx.jobs.insert(job);
    tx.events.add({ kind: 'job-changed', job });
    return job;
  });
}

/** @throws {FailedPreconditionError} CONSUMER_BUSY. A courtesy: what counts is looked at again when the job begins. */
export async function assertLaneFree(
  call: Call,
  { consumer, source }: ScoringPlan,
  { unitOfWork }: Units,
): Promise<void> {
  const holder = await unitOfWork.read(call.caller, async ({ lanes, jobs }) => {
    const id = await lanes.holder(consumer, source);
    const job = id === undefined ? undefined : await jobs.get(id);
    return job && isWorking(job.state) ? job.id : undefined;
  });
  if (holder !== undefined) throw consumerBusy(consumer, source, holder);
}

/** Locks the lane. @returns another job that is at work in it. */
async function workingHolder(tx: BatchTransaction, { consumer, source }: ScoringPlan, id: string) {
  const holder = await tx.lanes.lock(consumer, source);
  if (holder === undefined || holder === id) return undefined;
  const job = await tx.jobs.get(holder);
  return job && isWorking(job.state) ? holder : undefined;
}

/** Gives a job that broke off to another operation; repeating it changes nothing. @throws {FailedPreconditionError} JOB_NOT_RESUMABLE, CONSUMER_BUSY. */
export async function resumeJob(
  call: Call,
  id: string,
  operationId: string,
  { unitOfWork }: Units,
): Promise<ScoringJob> {
  const { plan } = await readJob(call, id, { unitOfWork });
  return unitOfWork.run(call, async (tx) => {
    const holder = await workingHolder(tx, plan, id);
    await tx.lock(id);
    const job = await tx.jobs.get(id);
    if (!job) throw jobNotFound(id);
    if (job.operationId === operationId) return job;
    if (job.state !== 'failed' && job.state !== 'cancelled') throw notResumable(id, job.state);
    if (holder !== undefined) throw consumerBusy(plan.consumer, plan.source, holder);
    await tx.lanes.give(plan.consumer, plan.source, id);
    for (const partition of await tx.partitions.all(id)) {
      if (partition.state !== 'done') await tx.partitions.put(id, { ...free(partition), failures: 0 });
    }
    tx.audit.add({ action: 'batch.jobs.resume', resource: `scoring-jobs/${id}`, details: { operation: operationId } });
    return putChanged(tx, { ...job, operationId, state: job.phase, endTime: undefined, failure: undefined });
  });
}

/** @throws {NotFoundError} */
export async function readJob(call: Pick<Call, 'caller'>, id: string, { unitOfWork }: Units): Promise<ScoringJob> {
  const job = await unitOfWork.read(call.caller, ({ jobs }) => jobs.get(id));
  if (!job) throw jobNotFound(id);
  return job;
}

const fresh = ({ caller }: Call, given: Pick<ScoringJob, 'id' | 'plan' | 'model'>, now: bigint): ScoringJob => ({
  ...given,
  operationId: given.id,
  state: 'joining',
  phase: 'joining',
  rows: undefined,
  scoredRows: 0,
  failedRows: 0,
  partitions: 0,
  finishedPartitions: 0,
  lostAttempts: 0,
  manifestUri: '',
  manifestSha256: '',
  outputSha256: '',
  principal: caller.principal,
  createTime: now,
  endTime: undefined,
  failure: undefined,
});
