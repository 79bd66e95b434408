import { DomainError } from '@slipway/kernel';
import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import { jobNotFound, jobTaken } from '../errors.ts';
import { isWorking, type JobFailure, type ScoringJob } from '../scoring-job.ts';
import type { BatchTransaction, Call } from '../unit-of-work.ts';

type Units = Pick<BatchDependencies, 'unitOfWork'>;

/** Locks a job that the operation works on. @throws {ConflictError} SCORING_JOB_TAKEN when it does not, or the job has ended. */
export async function lockOwned(tx: BatchTransaction, id: string, operationId: string): Promise<ScoringJob> {
  await tx.lock(id);
  const job = await tx.jobs.get(id);
  if (!job) throw jobNotFound(id);
  if (job.operationId !== operationId || !isWorking(job.state)) throw jobTaken(id);
  return job;
}

/** Writes a change of a job with its event. */
export async function putChanged(tx: BatchTransaction, job: ScoringJob): Promise<ScoringJob> {
  await tx.jobs.put(job);
  tx.events.add({ kind: 'job-changed', job });
  return job;
}

/** Commits the next state of a job that the operation works on. */
export function changeJob(
  call: Call,
  { id, operationId }: Pick<ScoringJob, 'id' | 'operationId'>,
  { unitOfWork }: Units,
  change: (job: ScoringJob, tx: BatchTransaction) => Promise<ScoringJob> | ScoringJob,
): Promise<ScoringJob> {
  return unitOfWork.run(call, async (tx) => {
    const job = await lockOwned(tx, id, operationId);
    return putChanged(tx, await change(job, tx));
  });
}

/** The end of a job without a result; it can be resumed where it was. */
export const ended = (
  job: ScoringJob,
  state: 'failed' | 'cancelled',
  now: bigint,
  failure: JobFailure,
): ScoringJob => ({
  ...job,
  state,
  phase: isWorking(job.state) ? job.state : job.phase,
  endTime: now,
  failure,
});

export const CANCELLED: JobFailure = { reason: 'CANCELLED', message: 'the operation was cancelled' };
const BUG: JobFailure = { reason: 'INTERNAL', message: 'internal error' };

/** Notes why work on a job broke off; a process that merely stops leaves the job as it is, for the next one. */
export async function noteBreak(call: Call, job: ScoringJob, error: unknown, deps: Units, handle: WorkHandle) {
  if (handle.signal.aborted && !handle.isCancelled()) return;
  const failure = error instanceof DomainError ? { reason: error.reason, message: error.message } : BUG;
  await changeJob(call, job, deps, (now, tx) =>
    handle.isCancelled() ? ended(now, 'cancelled', tx.now, CANCELLED) : ended(now, 'failed', tx.now, failure),
  );
}
