import { DomainError } from '@slipway/kernel';
import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import { jobTaken } from '../errors.ts';
import { isWorking, rowsOf, type ScoringJob, type WorkingState } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import { noteBreak } from './change-job.ts';
import { finishJob } from './finish-job.ts';
import { joinRows } from './join-rows.ts';
import { publishJob } from './publish-job.ts';
import { scorePartitions } from './score-partitions.ts';

type Phase = (call: Call, job: ScoringJob, deps: BatchDependencies, handle: WorkHandle) => Promise<ScoringJob>;

const PHASES: Readonly<Record<WorkingState, Phase>> = {
  joining: joinRows,
  scoring: async (call, job, deps, handle) =>
    publishJob(call, await scorePartitions(call, job, deps, handle), deps, handle),
  published: finishJob,
};

/**
 * Takes a job from the state it is in to its end. What one process has done the next one does not do again, so it can break off anywhere.
 * @throws what failed the job, after noting it; the reason of the signal when it aborts.
 */
export async function runJob(
  call: Call,
  begun: ScoringJob,
  deps: BatchDependencies,
  handle: WorkHandle,
): Promise<ScoringJob> {
  if (begun.operationId !== handle.id) throw jobTaken(begun.id);
  let job = begun;
  try {
    deps.atStep('begun');
    while (isWorking(job.state)) {
      handle.signal.throwIfAborted();
      handle.progress(job.scoredRows + job.failedRows, rowsOf(job));
      job = await PHASES[job.state](call, job, deps, handle);
    }
    handle.progress(job.scoredRows + job.failedRows, rowsOf(job));
    return job;
  } catch (error) {
    const isTaken = error instanceof DomainError && error.reason === 'SCORING_JOB_TAKEN';
    if (!isTaken) await noteBreak(call, job, error, deps, handle);
    throw error;
  }
}
