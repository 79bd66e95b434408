import type { CreateScoringJobResponse } from '@slipway/contracts/slipway.batch.v1';
import { FailedPreconditionError } from '@slipway/kernel';
import {
  toOperationMessage,
  type OperationHandle,
  type OperationRecord,
  type OperationResult,
  type OperationRunner,
  type OperationWork,
  type ResumeOperation,
} from '@slipway/persistence';
import type { BatchDependencies, WorkHandle } from '../domain/dependencies.ts';
import type { PinnedModel, ScoringJob, ScoringPlan } from '../domain/scoring-job.ts';
import type { Call } from '../domain/unit-of-work.ts';
import { beginJob, resumeJob } from '../domain/use-cases/begin-job.ts';
import { runJob } from '../domain/use-cases/run-job.ts';
import { toJobResult } from './operation-results.ts';
import { toJobMessage } from './to-proto.ts';

export const SCORE_OPERATION = 'batch.jobs.score';
export const RESUME_OPERATION = 'batch.jobs.resume';

interface ScoreInput {
  readonly plan: ScoringPlan;
  readonly model: PinnedModel;
}

interface ResumeInput {
  readonly job: string;
}

/** Scoring jobs outlive their call, and their process too: another one begins the operation again from what is kept with it. */
export class LongWork {
  readonly #deps: BatchDependencies;
  readonly #runner: () => OperationRunner;

  /** @param runner asked for late: it is told of `resumable` when it is made. */
  constructor(deps: BatchDependencies, runner: () => OperationRunner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** For the runner. */
  get resumable(): ReadonlyMap<string, ResumeOperation> {
    return new Map([
      [SCORE_OPERATION, (record) => this.#scoreWork(callOfRecord(record))],
      [RESUME_OPERATION, (record) => this.#resumeWork(callOfRecord(record), inputOf(record) as ResumeInput)],
    ]);
  }

  /** @param pin what the plan comes to now; what it came to the first time counts when the request is repeated. */
  async score(call: Call, plan: ScoringPlan, model: PinnedModel, requestId: string): Promise<CreateScoringJobResponse> {
    const input: ScoreInput = { plan, model };
    const request = {
      kind: SCORE_OPERATION,
      unit: 'rows',
      requestId,
      request: { plan },
      inputJson: JSON.stringify(input),
      audit: {
        action: 'batch.jobs.create',
        resource: `consumers/${plan.consumer}/sources/${plan.source}`,
        details: { model: model.name, version: `${model.version}`, digest: model.digest },
      },
    };
    const record = await this.#runner().begin(call, request, this.#scoreWork(call));
    const job = await beginJob(call, { id: record.id, ...(inputOf(record) as ScoreInput) }, this.#deps);
    return { operation: toOperationMessage(record), job: toJobMessage(job) };
  }

  async resume(call: Call, job: string, requestId: string): Promise<CreateScoringJobResponse> {
    const input: ResumeInput = { job };
    const request = {
      kind: RESUME_OPERATION,
      unit: 'rows',
      requestId,
      request: input,
      inputJson: JSON.stringify(input),
    };
    const record = await this.#runner().begin(call, request, this.#resumeWork(call, input));
    const resumed = await resumeJob(call, job, record.id, this.#deps);
    return { operation: toOperationMessage(record), job: toJobMessage(resumed) };
  }

  #scoreWork = (call: Call): OperationWork => {
    return async (operation: OperationHandle) => {
      const record = await this.#runner().get({ workspace: call.caller.workspace, id: operation.id });
      const job = await beginJob(call, { id: operation.id, ...(inputOf(record) as ScoreInput) }, this.#deps);
      return this.#run(call, job, operation);
    };
  };

  #resumeWork = (call: Call, { job }: ResumeInput): OperationWork => {
    return async (operation: OperationHandle) =>
      this.#run(call, await resumeJob(call, job, operation.id, this.#deps), operation);
  };

  async #run(call: Call, begun: ScoringJob, operation: OperationHandle): Promise<OperationResult> {
    const handle: WorkHandle = {
      id: operation.id,
      signal: operation.signal,
      isCancelled: () => (operation.signal.reason as Error | undefined)?.name === 'OperationCancelledError',
      progress: (done, total) => operation.progress(done, total),
    };
    const job = await runJob(call, begun, this.#deps, handle);
    if (job.failure) throw new FailedPreconditionError(job.failure.message, { reason: job.failure.reason });
    return toJobResult(job);
  }
}

/** On behalf of whoever began it; what it may do was asked then. */
const callOfRecord = ({ id, workspace, principal }: OperationRecord): Call => ({
  caller: { principal, workspace, allWorkspaces: false, permissions: new Set() },
  requestId: id,
});

/** What this class wrote; its form is not checked again. */
const inputOf = (record: OperationRecord): unknown => JSON.parse(record.inputJson ?? 'null');
