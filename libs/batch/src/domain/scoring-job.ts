import type { Micros } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';

/** What is scored with what, and where it goes; as asked for, with the defaults filled in. */
export interface ScoringPlan {
  readonly consumer: string;
  readonly source: string;
  /** `model@alias`, or `model` with a version. */
  readonly model: string;
  /** 0 takes the one of the alias. */
  readonly version: number;
  /** Column of the source by name of the request feature. */
  readonly requestColumns: Readonly<Record<string, string>>;
  readonly passthrough: readonly string[];
  /** Empty for all. */
  readonly outputs: readonly string[];
  /** Event times in microseconds; rows before the first are left out, those from the second on left for later. Undefined for no bound. */
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly partitionRows: number;
  readonly failedRowsShareMax: number;
  readonly attemptsMax: number;
  readonly online: OnlineTarget | undefined;
}

export interface OnlineTarget {
  readonly table: string;
  readonly keys: readonly string[];
  readonly fallback: 'none' | 'mean';
}

/** What a plan came to when the job began; never asked again. */
export interface PinnedModel {
  /** Without the alias. */
  readonly name: string;
  readonly version: number;
  /** Of the package. */
  readonly digest: string;
  /** Column of the scoring set by input of the model. */
  readonly columns: readonly string[];
  /** `view:feature`, each once. */
  readonly storeFeatures: readonly string[];
  readonly outputs: readonly string[];
  /** Column of the source that holds event times; empty when nothing is loaded online. */
  readonly timeColumn: string;
}

/** Rows that a job scores. */
export interface PinnedRows {
  readonly scoringSet: string;
  readonly contentSha256: string;
  readonly fromExclusive: bigint;
  readonly toInclusive: bigint;
  readonly rows: number;
  readonly columns: readonly ColumnSpec[];
}

export const WORKING_STATES = ['joining', 'scoring', 'published'] as const;
export type WorkingState = (typeof WORKING_STATES)[number];
export type ScoringJobState = WorkingState | 'done' | 'failed' | 'cancelled';

export const isWorking = (state: ScoringJobState): state is WorkingState =>
  (WORKING_STATES as readonly string[]).includes(state);

export interface JobFailure {
  /** Stable word. */
  readonly reason: string;
  readonly message: string;
}

/** One job; immutable, every change makes another value. */
export interface ScoringJob {
  /** Id of the operation that created it. */
  readonly id: string;
  /** The one that works on it now, or did so last. */
  readonly operationId: string;
  readonly plan: ScoringPlan;
  readonly model: PinnedModel;
  readonly state: ScoringJobState;
  /** Where a job that failed or was cancelled goes on. */
  readonly phase: WorkingState;
  readonly rows: PinnedRows | undefined;
  readonly scoredRows: number;
  readonly failedRows: number;
  readonly partitions: number;
  readonly finishedPartitions: number;
  readonly lostAttempts: number;
  readonly manifestUri: string;
  readonly manifestSha256: string;
  readonly outputSha256: string;
  readonly principal: string;
  readonly createTime: Micros;
  readonly endTime: Micros | undefined;
  readonly failure: JobFailure | undefined;
}

export const rowsOf = ({ rows }: ScoringJob): number => rows?.rows ?? 0;

/** How many rows may fail before the job does. */
export const failedRowsMax = (job: ScoringJob): number => Math.floor(rowsOf(job) * job.plan.failedRowsShareMax);
