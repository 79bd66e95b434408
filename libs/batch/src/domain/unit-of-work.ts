import type { Caller, Micros } from '@slipway/kernel';
import type { KeysetPage, KeysetPageRequest } from './paging.ts';
import type { BatchFact } from './facts.ts';
import type { Partition } from './partition.ts';
import type { ScoringJob } from './scoring-job.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface BatchReads {
  readonly jobs: {
    get(id: string): Promise<ScoringJob | undefined>;
    /** Newest first. @param consumer empty for all. */
    list(consumer: string, page: KeysetPageRequest): Promise<KeysetPage<ScoringJob>>;
  };
  readonly lanes: {
    /** Id of the job that has the lane of a consumer and source; it may have ended. */
    holder(consumer: string, source: string): Promise<string | undefined>;
  };
  readonly partitions: {
    get(job: string, number: number): Promise<Partition | undefined>;
    /** In the order of the plan. */
    list(job: string, page: KeysetPageRequest): Promise<KeysetPage<Partition>>;
    /** All of them, in the order of the plan; at most `PARTITIONS_MAX`. */
    all(job: string): Promise<readonly Partition[]>;
    firstWaiting(job: string): Promise<Partition | undefined>;
    leased(job: string): Promise<readonly Partition[]>;
  };
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface BatchTransaction extends BatchReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  /** Until the transaction ends, whoever else locks this job waits. Every change of a job and its partitions begins with it. */
  lock(job: string): Promise<void>;
  readonly jobs: BatchReads['jobs'] & {
    insert(job: ScoringJob): Promise<void>;
    put(job: ScoringJob): Promise<void>;
  };
  readonly lanes: BatchReads['lanes'] & {
    /** Until the transaction ends, whoever else locks this lane waits. Before any lock of a job. @returns as `holder`. */
    lock(consumer: string, source: string): Promise<string | undefined>;
    /** Of a lane that is locked. */
    give(consumer: string, source: string, job: string): Promise<void>;
  };
  readonly partitions: BatchReads['partitions'] & {
    insert(job: string, partitions: readonly Partition[]): Promise<void>;
    put(job: string, partition: Partition): Promise<void>;
  };
  readonly events: { add(fact: BatchFact): void };
  readonly audit: { add(entry: AuditEntry): void };
}

export interface AuditEntry {
  readonly action: string;
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/** A job at work and the operation that should be working on it. */
export interface JobAtWork {
  readonly workspace: string;
  readonly id: string;
  readonly operationId: string;
}

/** The state of scoring jobs. Every piece of work is confined to the workspace of the caller. */
export interface BatchUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: BatchTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Pick<Caller, 'workspace'>, work: (reads: BatchReads) => Promise<Result>): Promise<Result>;
  /** Across all workspaces, at most `limit`. */
  atWork(limit: number): Promise<readonly JobAtWork[]>;
}
