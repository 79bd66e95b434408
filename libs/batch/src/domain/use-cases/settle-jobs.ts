import { ConflictError } from '@slipway/kernel';
import type { BatchDependencies } from '../dependencies.ts';
import type { JobFailure } from '../scoring-job.ts';
import type { Call, JobAtWork } from '../unit-of-work.ts';
import { CANCELLED, changeJob, ended } from './change-job.ts';

/** How an operation ended, as far as its job is concerned. */
export type OperationEnd =
  | { readonly state: 'working' }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly failure: JobFailure };

export interface SettleDependencies extends Pick<BatchDependencies, 'unitOfWork'> {
  /** How the operation of a job is; one that is not known any more has failed. */
  readonly operationEnd: (job: JobAtWork) => Promise<OperationEnd>;
  /** On whose behalf, in the workspace of the job. */
  readonly callIn: (workspace: string) => Call;
}

const JOBS_MAX = 1_000;

/**
 * Notes the end of jobs whose operation ended without them: cancelled before it began, or failed because processes died over it too often.
 * @returns how many.
 */
export async function settleJobs({ unitOfWork, operationEnd, callIn }: SettleDependencies): Promise<number> {
  let settled = 0;
  for (const job of await unitOfWork.atWork(JOBS_MAX)) {
    const end = await operationEnd(job);
    if (end.state === 'working') continue;
    const failure = end.state === 'failed' ? end.failure : CANCELLED;
    try {
      await changeJob(callIn(job.workspace), job, { unitOfWork }, (now, tx) => ended(now, end.state, tx.now, failure));
      settled += 1;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error; // it ended, or was resumed, meanwhile
    }
  }
  return settled;
}
