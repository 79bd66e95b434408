import type { AssignmentKey } from '@slipway/assignments';
import type { Caller, Micros } from '@slipway/kernel';
import type { Analysis } from './analysis/analysis.ts';
import type { DaySums } from './analysis/day-sums.ts';
import type { ExposureCount } from './analysis/sample-ratio.ts';
import type { Exposure } from './assignment.ts';
import type { RoutingFact } from './facts.ts';
import type { Objective } from './objective.ts';
import type { Page, PageRequest } from './paging.ts';
import type { RoutingExperiment } from './routing-experiment.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface RoutingReads {
  readonly objectives: {
    get(name: string): Promise<Objective | undefined>;
    /** By name. */
    list(page: PageRequest): Promise<Page<Objective>>;
  };
  readonly experiments: {
    get(id: string): Promise<RoutingExperiment | undefined>;
    /** Newest first. */
    list(objective: string | undefined, page: PageRequest): Promise<Page<RoutingExperiment>>;
  };
  readonly exposures: {
    /** First exposures of those units that have one. @param unitHashes at most 1000. */
    find(experiment: string, unitHashes: readonly string[]): Promise<ReadonlyMap<string, Exposure>>;
    /** By revision. */
    counts(experiment: string): Promise<readonly ExposureCount[]>;
  };
  readonly days: {
    /** Sums that analyses rest on, by day; they never change. */
    list(experiment: string): Promise<readonly DaySums[]>;
  };
  readonly analyses: {
    newest(experiment: string): Promise<Analysis | undefined>;
    /** Newest first. */
    list(experiment: string, page: PageRequest): Promise<Page<Analysis>>;
  };
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface RoutingTransaction extends RoutingReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  readonly objectives: RoutingReads['objectives'] & {
    /** The objective as it is now; until the transaction ends, whoever else locks it waits. */
    lock(name: string): Promise<Objective | undefined>;
    /** @throws {ConflictError} when somebody else was first. */
    insert(objective: Objective): Promise<void>;
    /** After `lock`. */
    replace(objective: Objective): Promise<void>;
  };
  readonly experiments: RoutingReads['experiments'] & {
    insert(experiment: RoutingExperiment): Promise<void>;
    /** @param next made of the one whose sequence was one less. @throws {ConflictError} when it is another by now. */
    replace(next: RoutingExperiment): Promise<void>;
  };
  readonly exposures: RoutingReads['exposures'] & {
    /** Keeps first exposures, in one statement. @param exposures each unit once. @returns the units that had none before. */
    add(experiment: RoutingExperiment, exposures: readonly Exposure[]): Promise<ReadonlySet<string>>;
  };
  readonly days: RoutingReads['days'] & { add(experiment: string, days: readonly DaySums[]): Promise<void> };
  readonly analyses: RoutingReads['analyses'] & { insert(experiment: string, analysis: Analysis): Promise<void> };
  readonly events: { add(fact: RoutingFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /**
   * Runs `work` once per principal, method and request id: a repeat gets the first answer and changes nothing.
   * @param requestId chosen by the caller; empty for none, and `work` always runs.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface AuditEntry {
  /** E.g. `routing.objectives.set`. */
  readonly action: string;
  /** E.g. `objectives/late-departure`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/** The state of the router. Every piece of work is confined to the workspace of the caller. */
export interface RoutingUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: RoutingTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Pick<Caller, 'workspace'>, work: (reads: RoutingReads) => Promise<Result>): Promise<Result>;
  /** Experiments of all workspaces that the service looks at by itself, by workspace and id after the given one. */
  listUnattended(after: ExperimentRef | undefined, limit: number): Promise<readonly ExperimentRef[]>;
  /** Public keys of all processes that sign, newest first; at most 100. */
  listKeys(): Promise<readonly AssignmentKey[]>;
  /** Idempotent. */
  addKey(key: AssignmentKey): Promise<void>;
}

export interface ExperimentRef {
  readonly workspace: string;
  readonly id: string;
}
