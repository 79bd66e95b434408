import type { Expression, OrderTerm } from '@slipway/search';
import type { Caller, Micros } from '@slipway/kernel';
import type { DatasetInput } from './dataset.ts';
import type { Experiment, Tags } from './experiment.ts';
import type { TrackingFact } from './facts.ts';
import type { LoggedModel, LoggedModelView, ModelInput, ModelOutput } from './logged-model.ts';
import type { HistoryReads } from './histories.ts';
import type { MetricAppend } from './metric.ts';
import type { Millis } from './millis.ts';
import type { Page, PageRequest, View } from './paging.ts';
import type { RunProjection } from './run-projection.ts';
import type { Run, RunView } from './run.ts';
import type { DatasetFilter, LoggedModelCondition, LoggedModelOrderField } from './search/logged-model-search.ts';
import type { ExperimentCondition, ExperimentOrderField, RunCondition, RunOrderField } from './search/conditions.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

export interface ExperimentQuery {
  readonly filter: Expression<ExperimentCondition> | undefined;
  readonly view: View;
  /** After these by id, the largest first. */
  readonly order: readonly OrderTerm<ExperimentOrderField>[];
  /** Characters after which a page ends before its size is reached, as `experimentChars` counts them; one experiment always fits. */
  readonly charsMax: number;
}

export interface RunQuery {
  readonly experiments: readonly bigint[];
  readonly filter: Expression<RunCondition> | undefined;
  readonly view: View;
  /** After these by start time, the latest first, and by run id. */
  readonly order: readonly OrderTerm<RunOrderField>[];
  readonly projection: RunProjection;
  /** Characters after which a page ends before its size is reached, as `viewChars` counts them; one run always fits. */
  readonly charsMax: number;
}

export interface LoggedModelQuery {
  readonly experiments: readonly bigint[];
  readonly filter: Expression<LoggedModelCondition> | undefined;
  /** Conditions on metrics look only at values on these; none is all. */
  readonly datasets: readonly DatasetFilter[];
  /** After these by creation time, the latest first, and by id. */
  readonly order: readonly OrderTerm<LoggedModelOrderField>[];
}

/** A dataset of an experiment in one context. */
export interface DatasetSummary {
  readonly experimentId: bigint;
  readonly name: string;
  readonly digest: string;
  /** Empty for none. */
  readonly context: string;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface TrackingReads {
  readonly experiments: {
    get(id: bigint): Promise<Experiment | undefined>;
    findByName(name: string): Promise<Experiment | undefined>;
    /** @throws {InvalidArgumentError} on a token that is not of this search. */
    search(query: ExperimentQuery, page: PageRequest): Promise<Page<Experiment>>;
  };
  readonly runs: {
    get(runId: string): Promise<Run | undefined>;
    /** With everything that was logged to it. */
    view(run: Run): Promise<RunView>;
    /** @throws {InvalidArgumentError} on a token that is not of this search. */
    search(query: RunQuery, page: PageRequest): Promise<Page<RunView>>;
  };
  readonly metrics: HistoryReads;
  readonly models: LoggedModelReads;
  readonly inputs: {
    /** By name and digest. */
    of(run: Run): Promise<readonly DatasetInput[]>;
    /** The first `bound` that runs of these experiments have read, by experiment, name, digest and context. */
    summaries(experiments: readonly bigint[], bound: number): Promise<readonly DatasetSummary[]>;
  };
}

/** Logged models of one workspace. */
export interface LoggedModelReads {
  /** Deleted ones too. */
  get(modelId: string): Promise<LoggedModel | undefined>;
  view(model: LoggedModel): Promise<LoggedModelView>;
  /** Those of them that exist and are not deleted. */
  active(modelIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Not deleted ones. @throws {InvalidArgumentError} on a token that is not of this search. */
  search(query: LoggedModelQuery, page: PageRequest): Promise<Page<LoggedModelView>>;
}

/** Removes rows for ever. Files are only noted: whoever removes them does so after the commit, and again after a crash. */
export interface PurgeWrites {
  /** A run with its points, parameters, tags and inputs, and those of its logged models that are deleted. */
  run(run: Run): Promise<void>;
  /** A logged model; runs that have read or made it no longer say so. */
  model(model: LoggedModel): Promise<void>;
  /** An experiment with its runs, datasets and logged models. */
  experiment(id: bigint): Promise<void>;
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface TrackingTransaction extends TrackingReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  readonly experiments: TrackingReads['experiments'] & {
    /** Makes the experiment `Default` unless the workspace has, or had, one. */
    ensureDefault(experiment: Experiment): Promise<void>;
    /** A number that no experiment of this workspace has had. */
    nextId(): Promise<bigint>;
    /** As `get`; whoever else locks this experiment waits until this transaction ends. */
    lock(id: bigint): Promise<Experiment | undefined>;
    /** As `get`; keeps those who lock it out, but not others who hold it. */
    hold(id: bigint): Promise<Experiment | undefined>;
    /** @throws {AlreadyExistsError} when the name is taken. */
    insert(experiment: Experiment): Promise<void>;
    /** @throws {AlreadyExistsError} when the name is taken. */
    update(experiment: Experiment): Promise<void>;
  };
  readonly runs: TrackingReads['runs'] & {
    /** As `get`; whoever else locks or holds this run waits until this transaction ends. */
    lock(runId: string): Promise<Run | undefined>;
    /** As `get`; keeps those who lock it out, but not others who hold it. */
    hold(runId: string): Promise<Run | undefined>;
    insert(run: Run): Promise<void>;
    update(run: Run): Promise<void>;
    /** All runs of an experiment: deleted since then, or not deleted. */
    markAll(experimentId: bigint, deletedTime: Millis | undefined): Promise<void>;
  };
  readonly params: {
    /** Adds those that the run does not have. @returns what is stored now under the keys of `params`. */
    add(runId: string, params: Tags): Promise<Tags>;
  };
  readonly tags: {
    put(runId: string, tags: Tags): Promise<void>;
    /** @returns whether there was one. */
    delete(runId: string, key: string): Promise<boolean>;
  };
  readonly metrics: TrackingReads['metrics'] & {
    /**
     * Stores points of runs that are held or locked. Known ones are stored once; the cost does not grow with what is stored already.
     * The latest point of each metric is right whatever other transactions do at the same time.
     */
    append(appends: readonly MetricAppend[]): Promise<void>;
    /** Holds the runs and stores the points of those that exist and are not deleted. @returns of the others what they are. */
    appendToActive(appends: readonly MetricAppend[]): Promise<ReadonlyMap<string, 'absent' | 'deleted'>>;
  };
  readonly inputs: TrackingReads['inputs'] & {
    /** Known datasets and inputs stay as they are. */
    add(run: Run, inputs: readonly DatasetInput[]): Promise<void>;
    /** Known ones stay as they are. */
    addModels(run: Run, models: { inputs: readonly ModelInput[]; outputs: readonly ModelOutput[] }): Promise<void>;
  };
  readonly models: LoggedModelReads & {
    /** As `get`; whoever else locks this model waits until this transaction ends. */
    lock(modelId: string): Promise<LoggedModel | undefined>;
    insert(model: LoggedModel): Promise<void>;
    /** Status and times. */
    update(model: LoggedModel): Promise<void>;
    /** Adds those that the model does not have. @returns what is stored now under the keys of `params`. */
    addParams(modelId: string, params: Tags): Promise<Tags>;
    putTags(modelId: string, tags: Tags): Promise<void>;
    /** @returns whether there was one. */
    deleteTag(modelId: string, key: string): Promise<boolean>;
  };
  readonly purge: PurgeWrites;
  readonly events: { add(fact: TrackingFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /**
   * Runs `work` once per principal, method and request id: a repeat gets the first answer and changes nothing.
   * @param requestId chosen by the caller; empty for none, and `work` always runs.
   * @param request what makes two requests the same, compared by value.
   * @param work its answer is plain data (bigint too), at most 1 MiB as JSON.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface AuditEntry {
  /** E.g. `tracking.runs.delete`. */
  readonly action: string;
  /** E.g. `experiments/1/runs/0af7651916cd43dd8448eb211c80319c`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/** The state of tracking. Every piece of work is confined to the workspace of the caller. */
export interface TrackingUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: TrackingTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Caller, work: (reads: TrackingReads) => Promise<Result>): Promise<Result>;
}
