import type { Caller, Micros } from '@slipway/kernel';
import type { PipelineFact } from './facts.ts';
import type { PipelineRevision } from './pipeline.ts';
import type { PipelineRun, RunStep, RunWithSteps } from './run.ts';
import type { TriggerState } from './trigger-state.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

export interface PageRequest {
  /** 1..1000. */
  readonly pageSize: number;
  /** From the page before; empty for the first one. */
  readonly pageToken: string;
}

/** Reads of one workspace. */
export interface PipelineReads {
  readonly pipelines: {
    /** The one in force; undefined when there is none or it was deleted. */
    current(name: string): Promise<PipelineRevision | undefined>;
    /** Also of a deleted one. */
    revision(name: string, revision: bigint): Promise<PipelineRevision | undefined>;
    /** Those in force, by name. */
    list(page: PageRequest): Promise<Page<PipelineRevision>>;
    /** Of all in force, at most 1000. */
    names(): Promise<readonly string[]>;
  };
  readonly runs: {
    get(id: string): Promise<RunWithSteps | undefined>;
    /** Newest first. */
    list(pipeline: string | undefined, page: PageRequest): Promise<Page<RunWithSteps>>;
    /** Runs that go on, oldest first. */
    active(pipeline: string): Promise<readonly PipelineRun[]>;
  };
  readonly triggers: {
    of(pipeline: string): Promise<readonly TriggerState[]>;
    /** Triggers that wait for a type of event, by pipeline and name. */
    ofEvent(type: string): Promise<readonly TriggerState[]>;
  };
}

/** Names one hold of a run: whoever took the run over later has a greater epoch. */
export interface RunLease {
  readonly workspace: string;
  readonly id: string;
  readonly owner: string;
  readonly epoch: bigint;
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface PipelineTransaction extends PipelineReads {
  readonly now: Micros;
  readonly pipelines: PipelineReads['pipelines'] & {
    /**
     * Until the transaction ends whoever else locks this pipeline waits. Everything that begins runs or changes triggers does it first.
     * @returns the newest revision and whether it is in force; 0 when the name is new.
     */
    lock(name: string): Promise<{ readonly revision: bigint; readonly isDeleted: boolean }>;
    put(revision: PipelineRevision): Promise<void>;
    delete(name: string): Promise<void>;
  };
  readonly runs: PipelineReads['runs'] & {
    /** Whether this cause began a run of the trigger before. */
    hasCause(pipeline: string, trigger: string, cause: string): Promise<boolean>;
    /** @param cause id of what made it begin: a second run of the same cause is refused by the database. */
    insert(run: PipelineRun, steps: readonly RunStep[], cause: string): Promise<void>;
    /** Locks the run until the transaction ends. */
    lock(id: string): Promise<RunWithSteps | undefined>;
    /** The same for whoever drives it; undefined when the lease is another one's by now. */
    held(lease: RunLease): Promise<RunWithSteps | undefined>;
    /** Writes a locked run; its `change` grows. A run that goes on and that nobody owns is taken by the next one that looks. */
    put(run: PipelineRun): Promise<void>;
    putStep(id: string, step: RunStep): Promise<void>;
    /** Nobody owns it any more. */
    free(id: string): Promise<void>;
  };
  readonly triggers: PipelineReads['triggers'] & {
    put(state: TriggerState): Promise<void>;
    delete(pipeline: string, name: string): Promise<void>;
  };
  readonly events: { add(fact: PipelineFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /** Runs `work` once per principal, method and request id; see `Requests` of the platform. */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface AuditEntry {
  /** E.g. `batch.pipelines.apply`. */
  readonly action: string;
  /** E.g. `pipelines/retrain`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/** The state of pipelines. Every piece of work is confined to the workspace of the caller. */
export interface PipelineUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: PipelineTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Pick<Caller, 'workspace'>, work: (reads: PipelineReads) => Promise<Result>): Promise<Result>;
}

/** What the engine asks across all workspaces. */
export interface RunLedger {
  /** Takes runs that go on and that nobody owns, oldest first. */
  claim(owner: string, until: Micros, now: Micros, limit: number): Promise<readonly RunLease[]>;
  /** Extends the leases that are still the owner's. @returns their runs, and whether somebody wants them stopped. */
  renew(
    owner: string,
    until: Micros,
  ): Promise<readonly { readonly lease: RunLease; readonly cancelRequested: boolean }[]>;
  /** Triggers whose time has come, longest due first. */
  due(
    now: Micros,
    limit: number,
  ): Promise<readonly { readonly workspace: string; readonly pipeline: string; readonly name: string }[]>;
}
